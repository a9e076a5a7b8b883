using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Resources.Model;
using PodStatus = NodeMesh.Agent.Serving.PodStatus;

namespace NodeMesh.Agent.Reporting;

/// <summary>
/// Says on each enrolled pod of this node whether it is captured: the annotation nodemesh.io/status, and an Event when that changes. The
/// annotation is the memory too: an agent that starts anew writes nothing that is already there.
/// </summary>
internal sealed partial class PodReporter(KubernetesApi api, ObjectEvents events, string node, TimeProvider time, ILogger log)
{
    public const string Captured = "captured";
    public const string NotCaptured = "not-captured";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    // A pod that starts is not captured for a moment, and nobody need hear of it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, long> _lacking = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Uid, string? Said)> _written = new(StringComparer.Ordinal);
    private readonly RetryTimes _retries = new(TimeSpan.FromMinutes(1), time, Random.Shared);
    private readonly HashSet<string> _toldUnmeshed = new(StringComparer.Ordinal); // uids
    private NodeReport? _report;

    public void Publish(NodeReport report) => Volatile.Write(ref _report, report);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await WriteAsync(stop);
            await Task.WhenAny(Task.Delay(Look, time, stop));
        }
    }

    public async Task WriteAsync(CancellationToken stop)
    {
        if (Volatile.Read(ref _report) is not { } report)
        {
            return;
        }
        foreach (var status in report.Pods)
        {
            var id = $"{status.Namespace}/{status.Name}";
            if (stop.IsCancellationRequested)
            {
                return;
            }
            if (!report.Declared.TryGetValue(id, out var pod) || pod.Metadata.Uid is not { Length: > 0 } uid || !_retries.IsDue(id))
            {
                continue;
            }
            var said = _written.TryGetValue(id, out var written) && written.Uid == uid ? written.Said : pod.Metadata.Annotations.GetValueOrDefault(MeshLabels.Status);
            if (!TryJudge(id, status, out var now) || now == said)
            {
                continue;
            }
            try
            {
                await AnnotateAsync(pod, now, stop);
                _written[id] = (uid, now);
                _retries.Forget(id);
                await TellAsync(pod, status, now, report.CaptureMode, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict)
            {
                _written[id] = (uid, now); // the pod is gone, or another by the same name
            }
            catch (ApiException e)
            {
                Failed(id, e);
            }
        }
        await TellStartedUnmeshedAsync(report, stop);
        foreach (var gone in _written.Keys.Except(report.Pods.Select(pod => $"{pod.Namespace}/{pod.Name}")).ToList())
        {
            _written.Remove(gone);
            _retries.Forget(gone);
            _lacking.Remove(gone);
        }
    }

    // It is captured by now, perhaps, and nothing but this says that its first connections went by the mesh.
    private async Task TellStartedUnmeshedAsync(NodeReport report, CancellationToken stop)
    {
        foreach (var (id, uid) in report.StartedUnmeshed)
        {
            if (!report.Declared.TryGetValue(id, out var pod) || pod.Metadata.Uid is not { Length: > 0 } known || (uid.Length > 0 && uid != known)
                || _toldUnmeshed.Contains(known) || !_retries.IsDue(known) || !report.Pods.Any(status => status.Enrolled && $"{status.Namespace}/{status.Name}" == id))
            {
                continue;
            }
            try
            {
                await TellAsync(
                    pod, "Warning", "StartedUnmeshed",
                    "the pod started before the agent could answer the CNI plugin (cni.onAgentFailure is unmeshed): what it connected until it was captured goes on unmeshed; restart it to have all of it in the mesh", stop);
                _toldUnmeshed.Add(known);
                _retries.Forget(known);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ApiException e)
            {
                Failed(known, e);
            }
        }
    }

    /// <summary>What is to be said of the pod; null: nothing.</summary>
    private bool TryJudge(string id, PodStatus status, out string? now)
    {
        now = !status.Enrolled ? null : status.Captured ? Captured : NotCaptured;
        if (now != NotCaptured)
        {
            _lacking.Remove(id);
            return true;
        }
        _lacking.TryAdd(id, time.GetTimestamp());
        return time.GetElapsedTime(_lacking[id]) >= Patience;
    }

    private async Task AnnotateAsync(Pod pod, string? now, CancellationToken stop)
    {
        var annotations = new JsonObject();
        if (now is not null)
        {
            annotations[MeshLabels.Status] = now;
        }
        var apply = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = pod.Metadata.Name, ["namespace"] = pod.Metadata.Namespace, ["uid"] = pod.Metadata.Uid, ["annotations"] = annotations,
            },
        };
        var path = ApiPaths.Of("v1", "pods", pod.Metadata.Namespace, pod.Metadata.Name);
        await api.ApplyAsync(path, apply, stop);
    }

    private Task TellAsync(Pod pod, PodStatus status, string? now, string mode, CancellationToken stop)
    {
        var (type, reason, message) = now switch
        {
            null => ("Normal", "Released", "the pod is not in the mesh any more; its traffic goes as without it"),
            Captured => ("Normal", "Captured", $"captured by {mode}: the pod's connections go through the proxy of node {node}"),
            _ => ("Warning", "NotCaptured", string.Join("; ", status.Missing)),
        };
        return TellAsync(pod, type, reason, message, stop);
    }

    private Task TellAsync(Pod pod, string type, string reason, string message, CancellationToken stop) =>
        events.TellAsync("v1", "Pod", pod.Metadata, type, reason, message, stop);

    private void Failed(string id, ApiException e) => LogFailed(id, e.Message, _retries.Failed(id, e).TotalSeconds);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "PodReportFailed", Message = "pod {Pod}: its status could not be written: {Error}; again in {Seconds:F0} s")]
    private partial void LogFailed(string pod, string error, double seconds);
}
