using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>
/// Writes the conditions of routes and policies, on the agent that holds the Lease. The list they are in is shared by all controllers and can only be
/// written whole: it is written with the version it was read in, so that nobody's entry is lost, and only when our own differ.
/// </summary>
internal sealed partial class StatusWriter(KubernetesApi api, TimeProvider time, Random random, ILogger log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // One request at a time, and this long between them: a new holder of the Lease reads every object once.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly RetryTimes _retries = new(TimeSpan.FromMinutes(5), time, random);
    private readonly Dictionary<string, ObjectStatus?> _written = new(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, RouteStatus> _routes = ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, PolicyStatus> _policies = ImmutableSortedDictionary.Create<string, PolicyStatus>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, ObjectStatus> _wanted = ImmutableSortedDictionary.Create<string, ObjectStatus>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, ObjectStatus> _known = ImmutableSortedDictionary.Create<string, ObjectStatus>(StringComparer.Ordinal);

    /// <summary>What is to be said from now on. For one thread at a time.</summary>
    public void Publish(ImmutableSortedDictionary<string, RouteStatus> routes, ImmutableSortedDictionary<string, PolicyStatus> policies)
    {
        if (ReferenceEquals(routes, _routes) && ReferenceEquals(policies, _policies))
        {
            return;
        }
        var wanted = _wanted.ToBuilder();
        foreach (var (key, _, now) in Changes.Between(_routes, routes))
        {
            Put(key, now is null ? null : ObjectStatus.Of(now));
        }
        foreach (var (key, _, now) in Changes.Between(_policies, policies))
        {
            Put(key, now is null ? null : ObjectStatus.Of(now));
        }
        (_routes, _policies) = (routes, policies);
        Volatile.Write(ref _wanted, wanted.ToImmutable());

        void Put(string key, ObjectStatus? status)
        {
            if (status is null)
            {
                wanted.Remove(key);
            }
            else
            {
                wanted[key] = status;
            }
        }
    }

    public async Task RunAsync(Func<bool> isHolder, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (isHolder())
            {
                await WriteAsync(isHolder, stop);
            }
            else
            {
                // Whoever writes now may write what it likes: read again when it is our turn.
                _written.Clear();
                _retries.Clear();
                _known = _wanted;
            }
            await Task.WhenAny(Task.Delay(Look, time, stop));
        }
    }

    private async Task WriteAsync(Func<bool> isHolder, CancellationToken stop)
    {
        var wanted = Volatile.Read(ref _wanted);
        var isWhole = true;
        foreach (var (key, before, status) in Changes.Between(_known, wanted).Concat(Unwritten(wanted)).ToList())
        {
            if (stop.IsCancellationRequested || !isHolder())
            {
                return;
            }
            if (_written.TryGetValue(key, out var written) && Equals(written, status))
            {
                continue;
            }
            if (!_retries.IsDue(key))
            {
                isWhole = false;
                continue;
            }
            try
            {
                if (await WriteAsync(status ?? before!, isGone: status is null, stop))
                {
                    _written[key] = status;
                    _retries.Forget(key);
                }
                else
                {
                    isWhole = false;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is ApiException or JsonException)
            {
                isWhole = false;
                LogFailed(key, e.Message, _retries.Failed(key, e).TotalSeconds);
            }
            await Task.WhenAny(Task.Delay(Pace, time, stop));
        }
        if (isWhole)
        {
            foreach (var gone in _written.Where(entry => entry.Value is null).Select(entry => entry.Key).ToList())
            {
                _written.Remove(gone);
            }
            _known = wanted;
        }
    }

    private IEnumerable<(string Key, ObjectStatus? Before, ObjectStatus? After)> Unwritten(ImmutableSortedDictionary<string, ObjectStatus> wanted) =>
        wanted.Where(entry => !_written.TryGetValue(entry.Key, out var written) || !Equals(written, entry.Value)).Select(entry => (entry.Key, (ObjectStatus?)null, (ObjectStatus?)entry.Value));

    /// <summary>Returns whether the object now says what it should; else it is to be looked at again.</summary>
    private async Task<bool> WriteAsync(ObjectStatus status, bool isGone, CancellationToken stop)
    {
        if (Kinds.Named(status.Kind) is not { } kind)
        {
            return true;
        }
        foreach (var version in (string[])[kind.ApiVersion, .. kind.OtherVersions])
        {
            var path = ApiPaths.Of(version, kind.Plural, status.Namespace, status.Name);
            JsonNode live;
            try
            {
                live = JsonNode.Parse(await api.SendAsync(HttpMethod.Get, path, stop)) ?? throw new JsonException("the answer is empty");
            }
            catch (ApiException e) when (e.IsNotFound)
            {
                continue; // not in this version, or the object is gone
            }
            return await WriteAsync(live, version, status, isGone, stop);
        }
        return true;
    }

    private async Task<bool> WriteAsync(JsonNode live, string version, ObjectStatus status, bool isGone, CancellationToken stop)
    {
        var metadata = live["metadata"]!;
        if (!isGone && ((string?)metadata["uid"] != status.Uid || (long?)metadata["generation"] != status.Generation))
        {
            return false; // a newer one, not compiled yet
        }
        var parents = live["status"]?[status.List] as JsonArray ?? [];
        var ours = StatusJson.Ours(isGone ? status with { Attachments = [] } : status, parents, time.GetUtcNow());
        if (JsonNode.DeepEquals(ours, new JsonArray([.. parents.Where(StatusJson.IsOurs).Select(entry => entry!.DeepClone())])))
        {
            return true;
        }
        var all = new JsonArray([.. parents.Where(entry => !StatusJson.IsOurs(entry)).Concat(ours).Select(entry => entry!.DeepClone())]);
        var apply = new JsonObject
        {
            ["apiVersion"] = version,
            ["kind"] = status.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = status.Name,
                ["namespace"] = status.Namespace,
                ["uid"] = (string?)metadata["uid"],
                ["resourceVersion"] = (string?)metadata["resourceVersion"],
            },
            ["status"] = new JsonObject { [status.List] = all },
        };
        var path = ApiPaths.Of(version, Kinds.Named(status.Kind)!.Plural, status.Namespace, status.Name, "status");
        try
        {
            await api.ApplyAsync(path, apply, stop);
            return true;
        }
        catch (ApiException e) when (e.IsConflict)
        {
            return false; // changed in between
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "StatusFailed", Message = "conditions of {Key}: {Error}; tried again in {Wait:0.#} s")]
    private partial void LogFailed(string key, string error, double wait);
}
