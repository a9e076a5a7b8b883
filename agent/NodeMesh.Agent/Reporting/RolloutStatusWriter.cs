using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>Writes how far Rollouts have come, on the agent that holds the Lease and drives them, and an Event when one goes another way.</summary>
internal sealed partial class RolloutStatusWriter(KubernetesApi api, ObjectEvents events, TimeProvider time, Random random, ILogger log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly RetryTimes _retries = new(TimeSpan.FromMinutes(5), time, random);
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
                _retries.Clear();
            }
            foreach (var (rollout, status) in isHolder() ? Volatile.Read(ref _wanted) : [])
            {
                var id = rollout.Rollout.Metadata.Id;
                var isWritten = _written.TryGetValue(id, out var last) && last.Status == status && last.Rollout.Accepted == rollout.Accepted
                    && last.Rollout.Rollout.Metadata.Generation == rollout.Rollout.Metadata.Generation && last.Rollout.Rollout.Metadata.Uid == rollout.Rollout.Metadata.Uid;
                if (isWritten || !_retries.IsDue(id) || stop.IsCancellationRequested)
                {
                    continue;
                }
                try
                {
                    await WriteAsync(rollout, status, stop);
                    if (status is not null && last.Rollout is not null && (last.Status?.Phase != status.Phase || last.Status.Weight != status.Weight))
                    {
                        await events.TellAsync(
                            Kinds.Rollout.ApiVersion, Kinds.Rollout.Name, rollout.Rollout.Metadata, status.Phase == RolloutStatus.RolledBack ? "Warning" : "Normal", status.Phase, status.Message, stop);
                    }
                    _written[id] = (rollout, status);
                    _retries.Forget(id);
                }
                catch (ApiException e) when (e.IsNotFound || e.IsConflict)
                {
                    _written[id] = (rollout, status); // it is gone, or another by the same name
                }
                catch (Exception e) when (e is ApiException or JsonException or OperationCanceledException)
                {
                    LogFailed(id, e.Message, _retries.Failed(id, e).TotalSeconds);
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
        var path = ApiPaths.Of(Kinds.Rollout.ApiVersion, Kinds.Rollout.Plural, metadata.Namespace, metadata.Name);
        var before = JsonNode.Parse(await api.SendAsync(HttpMethod.Get, path, stop))?["status"]?["conditions"] as JsonArray;
        body["conditions"] = new JsonArray(StatusJson.Condition(rollout.Accepted, metadata.Generation, before, time.GetUtcNow()));
        var apply = new JsonObject
        {
            ["apiVersion"] = Kinds.Rollout.ApiVersion,
            ["kind"] = Kinds.Rollout.Name,
            ["metadata"] = new JsonObject { ["name"] = metadata.Name, ["namespace"] = metadata.Namespace, ["uid"] = metadata.Uid },
            ["status"] = body,
        };
        await api.ApplyAsync($"{path}/status", apply, stop);
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "RolloutStatusFailed", Message = "status of Rollout {Rollout}: {Error}; tried again in {Wait:0.#} s")]
    private partial void LogFailed(string rollout, string error, double wait);
}
