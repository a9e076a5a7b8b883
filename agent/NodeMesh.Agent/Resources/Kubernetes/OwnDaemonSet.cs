using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// The DaemonSet this agent is of. An agent that is stopped leaves capture to its successor as long as there will be one, and
/// takes everything out of the kernel when there won't: however the mesh is removed, no pod is left behind captured.
/// </summary>
internal sealed partial class OwnDaemonSet(KubernetesApi api, string @namespace, string name, ILogger log)
{
    // The kubelet kills after the grace period, and releasing takes some of it.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>Whether the kubelet will start an agent again when this one has ended.</summary>
    public async Task<bool> WillStartAnotherAsync()
    {
        using var limit = new CancellationTokenSource(AnswerLimit);
        try
        {
            var answer = await api.SendAsync(HttpMethod.Get, $"/apis/apps/v1/namespaces/{@namespace}/daemonsets/{name}", limit.Token).ConfigureAwait(false);
            using var document = JsonDocument.Parse(answer);
            var isGoing = document.RootElement.GetProperty("metadata").TryGetProperty("deletionTimestamp", out var deleted) && deleted.ValueKind == JsonValueKind.String;
            if (isGoing)
            {
                LogGone(@namespace, name, "it is being deleted");
            }
            return !isGoing;
        }
        // No longer allowed to ask: who removes the mesh may remove its rights first.
        catch (ApiException e) when (e.IsNotFound || e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            LogGone(@namespace, name, e.Message);
            return false;
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException or JsonException or KeyNotFoundException)
        {
            LogUnknown(@namespace, name, e.Message);
            return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "DaemonSetGone", Message = "the DaemonSet {Namespace}/{Name} is gone ({Why}): every pod is released")]
    private partial void LogGone(string @namespace, string name, string why);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "DaemonSetUnknown", Message = "whether the DaemonSet {Namespace}/{Name} still exists is not known ({Why}): capture is left in place for a successor")]
    private partial void LogUnknown(string @namespace, string name, string why);
}
