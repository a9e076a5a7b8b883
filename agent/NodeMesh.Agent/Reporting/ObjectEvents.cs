using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>Kubernetes Events about objects, told by this node's agent.</summary>
internal sealed class ObjectEvents(KubernetesApi api, string node, TimeProvider time)
{
    private const int LongestMessage = 1024; // core/v1 Event

    public async Task TellAsync(string apiVersion, string kind, ObjectMeta about, string type, string reason, string message, CancellationToken stop)
    {
        var at = StatusJson.Timestamp(time.GetUtcNow());
        var told = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["generateName"] = $"{about.Name}.", ["namespace"] = about.Namespace },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = apiVersion, ["kind"] = kind, ["namespace"] = about.Namespace, ["name"] = about.Name, ["uid"] = about.Uid,
            },
            ["type"] = type,
            ["reason"] = reason,
            ["message"] = message.Length <= LongestMessage ? message : message[..LongestMessage],
            ["source"] = new JsonObject { ["component"] = "nodemesh", ["host"] = node },
            ["reportingComponent"] = "nodemesh.io/agent",
            ["reportingInstance"] = node,
            ["firstTimestamp"] = at,
            ["lastTimestamp"] = at,
            ["count"] = 1,
        };
        await api.SendAsync(HttpMethod.Post, ApiPaths.Of("v1", "events", about.Namespace), stop, Encoding.UTF8.GetBytes(told.ToJsonString()));
    }
}
