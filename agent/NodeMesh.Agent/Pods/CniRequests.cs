using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Serving;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// Answers the CNI plugin. A pod that starts may not be known yet, for the API is slower than the kubelet at times, and the
/// proxy may be away for a moment: its question waits, and is looked at again and again until it can be answered or its time is up.
/// </summary>
internal sealed partial class CniRequests(
    ControlLoop loop, PodAttachments attachments, PodReconciler pods, INodeView node, SnapshotPublisher publisher, ProxySessions sessions, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, PodAttachment> _startedUnmeshed = new(StringComparer.Ordinal);

    public Task<CniAnswer> AnswerAsync(CniQuestion question) => question.Command switch
    {
        "ADD" => AddAsync(question),
        "DEL" => OnLoopAsync(() => Delete(question)),
        "CHECK" => OnLoopAsync(() => Judge(question, out _)),
        "STATUS" => OnLoopAsync(Status),
        "GC" => OnLoopAsync(() => Collect(question)),
        _ => Task.FromResult(new CniAnswer(CniOutcome.Refused, $"this agent knows no command {question.Command}: install the nodemesh-cni of its version")),
    };

    /// <summary>The pods that started unmeshed, by the CNI plugin's policy, since no agent answered in time; those that still run.</summary>
    public IReadOnlyCollection<PodAttachment> StartedUnmeshed => [.. _startedUnmeshed.Values.Where(pod => attachments.All.Contains(pod))];

    /// <summary>Takes up the pods that started without an answer, while no agent was there or while this one could not give it in time.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TakeMissed(StateDirectory state)
    {
        var before = _startedUnmeshed.Count;
        foreach (var missed in MissedPods.Take(state.CniMissed))
        {
            LogMissed(missed.PodNamespace, missed.PodName);
            var pod = Attachment(missed);
            attachments.Add(pod);
            _startedUnmeshed[pod.ContainerId] = pod;
        }
        return _startedUnmeshed.Count > before;
    }

    private async Task<CniAnswer> AddAsync(CniQuestion question)
    {
        var started = time.GetTimestamp();
        var limit = TimeSpan.FromMilliseconds(question.LimitMilliseconds);
        await OnLoopAsync(() =>
        {
            attachments.Add(Attachment(question));
            node.Apply();
            return new CniAnswer(CniOutcome.Done);
        }).ConfigureAwait(false);

        while (true)
        {
            var isFinal = false;
            var answer = await OnLoopAsync(() => Judge(question, out isFinal)).ConfigureAwait(false);
            if (answer.Outcome == CniOutcome.Captured)
            {
                await AppliedAsync().ConfigureAwait(false);
            }
            if (isFinal || time.GetElapsedTime(started) >= limit)
            {
                return answer;
            }
            await Task.Delay(LookInterval, time).ConfigureAwait(false);
        }
    }

    /// <summary>The answer as things stand; not final when they may still change for the better.</summary>
    private CniAnswer Judge(CniQuestion question, out bool isFinal)
    {
        isFinal = false;
        var id = $"{question.PodNamespace}/{question.PodName}";
        if (node.Resources is not { } resources)
        {
            return new CniAnswer(CniOutcome.Refused, "the agent has not read the resources yet");
        }
        if (!resources.Pods.TryGetValue(id, out var declared) || !PodAttachments.IsOf(Attachment(question), declared))
        {
            return new CniAnswer(CniOutcome.Refused, "the agent does not know the pod (is its source of resources behind?)");
        }
        if (!node.LocalPods.TryGetValue(id, out var pod))
        {
            return new CniAnswer(CniOutcome.Refused, $"the pod is not one of this node: it has ended, runs elsewhere (spec.nodeName {declared.Spec.NodeName}), or another pod claims {question.Netns}");
        }
        if (!pod.Enrolled)
        {
            isFinal = true;
            return new CniAnswer(CniOutcome.NotEnrolled);
        }
        if (pods.Find(id) is not { IsCaptured: true, Sandbox: { } sandbox } found)
        {
            return new CniAnswer(CniOutcome.Refused, string.Join("; ", pods.Find(id)?.Missing ?? [EnrolledPod.NotYet]) + (pods.HasProxy ? "" : "; no proxy is connected"));
        }
        var held = sandbox.Addresses.Select(a => a.ToString()).ToHashSet(StringComparer.Ordinal);
        if (question.Addresses.FirstOrDefault(a => System.Net.IPAddress.TryParse(a, out var address) && !held.Contains(address.ToString())) is { } lacking)
        {
            return new CniAnswer(CniOutcome.Refused, $"network namespace {found.Wanted.Netns} does not hold {lacking}, which the CNI plugins before gave it");
        }
        isFinal = true;
        return new CniAnswer(CniOutcome.Captured);
    }

    private CniAnswer Delete(CniQuestion question)
    {
        _startedUnmeshed.Remove(question.ContainerId);
        if (attachments.Remove(question.ContainerId) is { } gone)
        {
            pods.SandboxEnds(gone.PodId);
            node.Apply();
        }
        return new CniAnswer(CniOutcome.Done);
    }

    private CniAnswer Collect(CniQuestion question)
    {
        foreach (var stale in attachments.All.Where(a => !question.Containers.Contains(a.ContainerId)).ToList())
        {
            Delete(new CniQuestion { Command = "DEL", ContainerId = stale.ContainerId });
        }
        return new CniAnswer(CniOutcome.Done);
    }

    private CniAnswer Status() => node.Resources is null
        ? new CniAnswer(CniOutcome.Refused, "the agent has not read the resources yet")
        : pods.HasProxy ? new CniAnswer(CniOutcome.Done) : new CniAnswer(CniOutcome.Refused, "no proxy is connected");

    // Captured, its connections wait in the listener anyway; but the first of them should find the pod's name in the snapshot.
    private async Task AppliedAsync()
    {
        var started = time.GetTimestamp();
        var wanted = publisher.Current.Version;
        while (sessions.Applied is not { } applied || applied < wanted)
        {
            if (time.GetElapsedTime(started) >= ApplyLimit)
            {
                return;
            }
            await Task.Delay(LookInterval, time).ConfigureAwait(false);
        }
    }

    private Task<CniAnswer> OnLoopAsync(Func<CniAnswer> what)
    {
        var done = new TaskCompletionSource<CniAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            try
            {
                done.SetResult(what());
            }
            catch (Exception e)
            {
                // The plugin must have an answer in any case.
                done.SetResult(new CniAnswer(CniOutcome.Refused, $"the agent failed: {e.Message}"));
                throw;
            }
        });
        return done.Task;
    }

    private static PodAttachment Attachment(CniQuestion question) =>
        new(question.ContainerId, $"{question.PodNamespace}/{question.PodName}", question.PodUid, question.Netns, question.Addresses);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "PodStartedUnmeshed", Message = "pod {Namespace}/{Pod} started while no agent answered, unmeshed by the CNI plugin's policy; it is taken into the mesh now, what it connected before goes on as it is")]
    private partial void LogMissed(string @namespace, string pod);
}
