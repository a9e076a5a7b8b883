using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>Writes how far Rollouts have come, on the agent that holds the Lease and drives them, and an Event when one goes another way.</summary>
internal sealed partial class RolloutStatusWriter(KubernetesApi api, string node, TimeProvider time, Random random, ILogger log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (Backoff Backoff, long Until)> _failed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (CompiledRollout Rollout, RolloutStatus? Status)> _written = new(StringComparer.Ordinal);
    private IReadOnlyList<(CompiledRollout Rollout, RolloutStatus? Status)> _wanted = [];

    public void Publish(IReadOnlyList<(CompiledRollout Rollout, RolloutStatus? Status)> rollouts) => Volatile.Write(ref _wanted, rollouts);

    public async Task RunAsync(Func<bool> isHolder, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (!isHolder())
            {
                _written.Clear();
                _failed.Clear();
            }
            foreach (var (rollout, status) in isHolder() ? Volatile.Read(ref _wanted) : [])
            {
                var id = rollout.Rollout.Metadata.Id;
                var isWritten = _written.TryGetValue(id, out var last) && last.Status == status && last.Rollout.Accepted == rollout.Accepted
                    && last.Rollout.Rollout.Metadata.Generation == rollout.Rollout.Metadata.Generation && last.Rollout.Rollout.Metadata.Uid == rollout.Rollout.Metadata.Uid;
                var isWaiting = _failed.TryGetValue(id, out var failed) && time.GetTimestamp() < failed.Until;
                if (isWritten || isWaiting || stop.IsCancellationRequested)
                {
                    continue;
                }
                try
                {
                    await WriteAsync(rollout, status, stop);
                    if (status is not null && last.Rollout is not null && (last.Status?.Phase != status.Phase || last.Status.Weight != status.Weight))
                    {
                        await TellAsync(rollout.Rollout, status, stop);
                    }
                    _written[id] = (rollout, status);
                    _failed.Remove(id);
                }
                catch (ApiException e) when (e.IsNotFound || e.IsConflict)
                {
                    _written[id] = (rollout, status); // it is gone, or another by the same name
                }
                catch (Exception e) when (e is ApiException or JsonException or OperationCanceledException)
                {
                    var backoff = failed.Backoff ?? new Backoff(FirstRetry, LongestRetry, random);
                    _failed[id] = (backoff, time.GetTimestamp() + (long)(backoff.Next((e as ApiException)?.RetryAfter).TotalSeconds * time.TimestampFrequency));
                    LogFailed(id, e.Message);
                }
            }
            await Task.WhenAny(Task.Delay(Look, time, stop));
        }
    }

    private async Task WriteAsync(CompiledRollout rollout, RolloutStatus? status, CancellationToken stop)
    {
        var metadata = rollout.Rollout.Metadata;
        var body = status is null ? [] : (JsonObject)JsonSerializer.SerializeToNode(status, ModelJson.Default.RolloutStatus)!;
        foreach (var absent in body.Where(field => field.Value is null).Select(field => field.Key).ToList())
        {
            body.Remove(absent); // the API takes no nulls
        }
        body["observedGeneration"] = metadata.Generation;
        body["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = rollout.Accepted.Type,
            ["status"] = rollout.Accepted.Status ? "True" : "False",
            ["reason"] = rollout.Accepted.Reason,
            ["message"] = rollout.Accepted.Message,
            ["observedGeneration"] = metadata.Generation,
            ["lastTransitionTime"] = await SinceAsync(rollout, stop),
        });
        var apply = new JsonObject
        {
            ["apiVersion"] = Kinds.Rollout.ApiVersion,
            ["kind"] = Kinds.Rollout.Name,
            ["metadata"] = new JsonObject { ["name"] = metadata.Name, ["namespace"] = metadata.Namespace, ["uid"] = metadata.Uid },
            ["status"] = body,
        };
        var path = ApiPaths.Of(Kinds.Rollout.ApiVersion, Kinds.Rollout.Plural, metadata.Namespace, metadata.Name, "status");
        await api.SendAsync(HttpMethod.Patch, $"{path}?fieldManager=nodemesh&force=true", stop, Encoding.UTF8.GetBytes(apply.ToJsonString()), KubernetesApi.ApplyPatch);
    }

    // A condition that says what it said before keeps its time.
    private async Task<string> SinceAsync(CompiledRollout rollout, CancellationToken stop)
    {
        var metadata = rollout.Rollout.Metadata;
        var path = ApiPaths.Of(Kinds.Rollout.ApiVersion, Kinds.Rollout.Plural, metadata.Namespace, metadata.Name);
        var old = (JsonNode.Parse(await api.SendAsync(HttpMethod.Get, path, stop))?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(
            condition => (string?)condition?["type"] == rollout.Accepted.Type && (string?)condition?["status"] == (rollout.Accepted.Status ? "True" : "False"));
        return (string?)old?["lastTransitionTime"] ?? Now();
    }

    private async Task TellAsync(Rollout rollout, RolloutStatus status, CancellationToken stop)
    {
        var at = Now();
        var told = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["generateName"] = $"{rollout.Metadata.Name}.", ["namespace"] = rollout.Metadata.Namespace },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = Kinds.Rollout.ApiVersion, ["kind"] = Kinds.Rollout.Name, ["namespace"] = rollout.Metadata.Namespace, ["name"] = rollout.Metadata.Name,
                ["uid"] = rollout.Metadata.Uid,
            },
            ["type"] = status.Phase == RolloutStatus.RolledBack ? "Warning" : "Normal",
            ["reason"] = status.Phase,
            ["message"] = status.Message,
            ["source"] = new JsonObject { ["component"] = "nodemesh", ["host"] = node },
            ["reportingComponent"] = "nodemesh.io/agent",
            ["reportingInstance"] = node,
            ["firstTimestamp"] = at,
            ["lastTimestamp"] = at,
            ["count"] = 1,
        };
        await api.SendAsync(HttpMethod.Post, ApiPaths.Of("v1", "events", rollout.Metadata.Namespace), stop, Encoding.UTF8.GetBytes(told.ToJsonString()));
    }

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "RolloutStatusFailed", Message = "status of Rollout {Rollout}: {Error}")]
    private partial void LogFailed(string rollout, string error);
}
