using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>
/// Says on every XMesh that names us as its controller that it is accepted, and what is supported; on the agent that holds the Lease. There
/// is hardly ever more than one, so it is looked at now and then instead of watched by every agent.
/// </summary>
internal sealed partial class MeshWriter(KubernetesApi api, TimeProvider time, ILogger log)
{
    private const string ApiVersion = "gateway.networking.x-k8s.io/v1alpha1";
    private const string Plural = "xmeshes";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeaseLook = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(Func<bool> isHolder, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var holds = isHolder();
            if (holds)
            {
                await WriteAsync(stop);
            }
            await Task.WhenAny(Task.Delay(holds ? Look : LeaseLook, time, stop));
        }
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        try
        {
            var list = JsonNode.Parse(await api.SendAsync(HttpMethod.Get, ApiPaths.Of(ApiVersion, Plural), stop));
            foreach (var mesh in (list?["items"] as JsonArray ?? []).OfType<JsonNode>().Where(mesh => (string?)mesh["spec"]?["controllerName"] == StatusJson.ControllerName))
            {
                await WriteAsync(mesh, stop);
            }
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // The kind is not installed.
        }
        catch (Exception e) when (e is ApiException or JsonException)
        {
            LogFailed(e.Message);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task WriteAsync(JsonNode mesh, CancellationToken stop)
    {
        var name = (string)mesh["metadata"]!["name"]!;
        var before = mesh["status"]?["conditions"] as JsonArray;
        var accepted = StatusJson.Condition(
            new RouteCondition(RouteCondition.Accepted, true, RouteReason.Accepted, "served by NodeMesh"), (long?)mesh["metadata"]!["generation"] ?? 0, before, time.GetUtcNow());
        var features = new JsonArray([.. MeshFeatures.All.Select(feature => (JsonNode)new JsonObject { ["name"] = feature })]);
        if (before?.Any(condition => JsonNode.DeepEquals(condition, accepted)) == true && JsonNode.DeepEquals(mesh["status"]!["supportedFeatures"], features))
        {
            return;
        }
        var apply = new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = "XMesh",
            ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = (string?)mesh["metadata"]!["uid"] },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(accepted), ["supportedFeatures"] = features },
        };
        await api.ApplyAsync(ApiPaths.Of(ApiVersion, Plural, "", name, "status"), apply, stop);
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "MeshStatusFailed", Message = "status of the XMesh: {Error}")]
    private partial void LogFailed(string error);
}
