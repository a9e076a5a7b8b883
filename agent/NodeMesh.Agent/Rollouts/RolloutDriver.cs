using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Rollouts;

/// <summary>
/// Drives Rollouts: a standalone node its own, by what its own proxy sees; in Kubernetes the elected agent those of the cluster, by what all proxies see.
/// The control loop's.
/// </summary>
/// <param name="file">Where a standalone node keeps how far they have come; null: in the objects' own status.</param>
internal sealed partial class RolloutDriver(RolloutFile? file, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, RolloutStatus> _driven = file?.Load() ?? new Dictionary<string, RolloutStatus>(StringComparer.Ordinal);
    private readonly Dictionary<string, (BackendWindow Window, long Checked)> _windows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Rollout Declared, RolloutStatus? Status, Rollout Placed)> _placed = new(StringComparer.Ordinal);

    /// <summary>The resources, with what was decided here as the status of each Rollout. What did not change stays the same instance.</summary>
    public ResourceSet Place(ResourceSet resources)
    {
        if (resources.Rollouts.IsEmpty)
        {
            return resources;
        }
        var rollouts = resources.Rollouts;
        foreach (var (id, rollout) in resources.Rollouts)
        {
            var status = _driven.TryGetValue(id, out var driven) ? driven : file is null ? rollout.Status : null;
            if (!ReferenceEquals(status, rollout.Status))
            {
                if (!_placed.TryGetValue(id, out var known) || !ReferenceEquals(known.Declared, rollout) || !ReferenceEquals(known.Status, status))
                {
                    _placed[id] = known = (rollout, status, rollout with { Status = status });
                }
                rollouts = rollouts.SetItem(id, known.Placed);
            }
        }
        return ReferenceEquals(rollouts, resources.Rollouts) ? resources : resources with { Rollouts = rollouts };
    }

    /// <summary>As it is known here.</summary>
    public RolloutStatus? StatusOf(CompiledRollout rollout) => _driven.GetValueOrDefault(rollout.Rollout.Metadata.Id) ?? rollout.Rollout.Status;

    /// <summary>Somebody else decides now: what was decided here is forgotten, but for what the objects say.</summary>
    public void StandBack()
    {
        if (file is null)
        {
            _driven.Clear();
            _windows.Clear();
        }
    }

    /// <summary>Whether one is to be looked at.</summary>
    public bool IsDue(ImmutableSortedDictionary<string, CompiledRollout> rollouts) => rollouts.Values.Any(IsDue);

    /// <summary>Looks at those that are due, with what the proxies report.</summary>
    /// <returns>Whether any went another way: what was compiled is out of date.</returns>
    public bool Advance(ImmutableSortedDictionary<string, CompiledRollout> rollouts, IReadOnlyList<(string Source, BackendReport Report)> reports)
    {
        var isMoved = false;
        var before = _driven.ToDictionary(StringComparer.Ordinal);
        foreach (var (id, rollout) in rollouts)
        {
            if (!IsDue(rollout))
            {
                continue;
            }
            var target = rollout.Target!;
            var old = StatusOf(rollout);
            var window = _windows.TryGetValue(id, out var kept) && old?.Revision == target.Revision ? kept.Window : new BackendWindow();
            _windows[id] = (window, time.GetTimestamp());
            foreach (var (source, report) in reports)
            {
                window.Add(source, report, report.Backends.FirstOrDefault(counts =>
                    counts.Route == target.Route && counts.Rule == target.Rule && counts.Service == target.Canary && counts.Port == target.CanaryPort));
            }
            var now = time.GetUtcNow();
            var status = old?.Revision != target.Revision ? RolloutJudge.Begin(rollout.Rollout.Spec, target, now)
                : target.IsOpen(old) ? RolloutJudge.Next(rollout.Rollout.Spec, target, old, window, now)
                : old with { Phase = RolloutStatus.Finished, Message = $"{old.Phase}; the route was changed since, and its own weights count" };
            _driven[id] = status;
            if (old?.Phase != status.Phase || old.Weight != status.Weight || old.Revision != status.Revision)
            {
                isMoved = true;
                LogMoved(id, status.Phase, status.Message);
            }
        }
        foreach (var gone in _driven.Keys.Where(id => !rollouts.ContainsKey(id)).ToList())
        {
            _driven.Remove(gone);
            _windows.Remove(gone);
            _placed.Remove(gone);
        }
        if (!_driven.SequenceEqual(before))
        {
            file?.Save(_driven);
        }
        return isMoved;
    }

    private bool IsDue(CompiledRollout rollout)
    {
        if (rollout.Target is not { } target)
        {
            return false;
        }
        var status = StatusOf(rollout);
        if (!target.IsOpen(status))
        {
            return status!.Phase != RolloutStatus.Finished && target.Weight(status) is null;
        }
        var interval = RolloutJudge.Duration(rollout.Rollout.Spec.Analysis.Interval);
        // The control loop looks once a second, and never quite on time.
        return status?.Revision != target.Revision || !_windows.TryGetValue(rollout.Rollout.Metadata.Id, out var kept)
            || time.GetElapsedTime(kept.Checked) >= (interval > LeastInterval ? interval : LeastInterval) - TimeSpan.FromMilliseconds(500);
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "RolloutMoved", Message = "Rollout {Rollout}: {Phase}: {What}")]
    private partial void LogMoved(string rollout, string phase, string what);
}
