using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Cluster;

/// <summary>The agents of a cluster; what their admin ports say is asked for through the API server, which reaches every node.</summary>
internal sealed class MeshNodes(ClusterApi api, string @namespace) : MeshAgents
{
    private const int DefaultAdminPort = 15020;

    public override async Task<IReadOnlyList<MeshNode>> ListAsync(CancellationToken cancellation)
    {
        var pods = await api.ListAsync($"/api/v1/namespaces/{@namespace}/pods?labelSelector=app.kubernetes.io%2Fname%3Dnodemesh", cancellation);
        if (pods.Count == 0)
        {
            throw new ClusterException($"no agent runs in namespace {@namespace} of {api.Server}: install the mesh with nodemesh install, or name its namespace with --mesh-namespace");
        }
        // During an upgrade a node has two: the one that is not on its way out counts.
        return [.. pods.OrderBy(p => p["metadata"]?["deletionTimestamp"] is not null).GroupBy(p => p["spec"]?["nodeName"]?.ToString() ?? "").Select(g => Read(g.First())).OrderBy(n => n.Node, StringComparer.Ordinal)];
    }

    public override async Task<string> AskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return await api.GetTextAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}:{node.AdminPort}/proxy/{path}", cancellation);
        }
        catch (ClusterException e) when (e.Status is not null)
        {
            throw Explained(node, e);
        }
    }

    public override async Task<Stream> OpenAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return await api.OpenAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}:{node.AdminPort}/proxy/{path}", cancellation);
        }
        catch (ClusterException e) when (e.Status is not null)
        {
            throw Explained(node, e);
        }
    }

    public override Task<HttpResponseMessage> ForwardAsync(MeshNode node, string path, HttpRequestMessage request, CancellationToken cancellation) =>
        api.ForwardAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}:{node.AdminPort}/proxy/{path}", request, cancellation);

    public override async Task<string?> ConsoleTokenAsync(MeshNode node, CancellationToken cancellation)
    {
        var pod = await api.GetAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}", cancellation);
        var volume = (pod["spec"]?["volumes"] as JsonArray ?? []).FirstOrDefault(one => one?["name"]?.ToString() == "console-token");
        if (volume?["secret"]?["secretName"]?.ToString() is not { } name)
        {
            return null;
        }
        try
        {
            var secret = await api.GetAsync($"/api/v1/namespaces/{@namespace}/secrets/{name}", cancellation);
            return Encoding.UTF8.GetString(Convert.FromBase64String(secret["data"]?["token"]?.ToString() ?? "")).Trim();
        }
        catch (ClusterException e) when (e.Status is not null)
        {
            throw new ClusterException($"the console's token, Secret {@namespace}/{name}, can't be read: {e.Message}; give it with --token-file", e.Status, e);
        }
    }

    private ClusterException Explained(MeshNode node, ClusterException failure)
    {
        var why = failure switch
        {
            { IsOfServer: false } => $"the agent on node {node.Node} refuses: {failure.Message}",
            { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } =>
                $"the API server does not let you ask the agent on node {node.Node}: {failure.Message}; it takes the right to get pods/proxy in namespace {@namespace}",
            _ => $"the agent on node {node.Node} does not answer through the API server: {failure.Message}; see that it reaches the nodes' port {node.AdminPort}",
        };
        return new ClusterException(why, failure.Status, failure);
    }

    private static MeshNode Read(JsonNode pod)
    {
        var status = pod["status"];
        var isReady = (status?["conditions"] as JsonArray ?? []).Any(c => c?["type"]?.ToString() == "Ready" && c["status"]?.ToString() == "True");
        var waiting = (status?["containerStatuses"] as JsonArray ?? []).Where(c => c?["state"]?["waiting"] is not null)
            .Select(c => $"{c!["name"]}: {c["state"]!["waiting"]!["reason"]}").FirstOrDefault();
        return new MeshNode(
            pod["spec"]?["nodeName"]?.ToString() ?? "",
            pod["metadata"]?["name"]?.ToString() ?? "",
            pod["metadata"]?["labels"]?["app.kubernetes.io/version"]?.ToString() ?? "",
            AdminPort(pod),
            isReady,
            isReady ? "" : waiting ?? status?["phase"]?.ToString() ?? "not started");
    }

    // The pod declares no ports; its probes know where it answers.
    private static int AdminPort(JsonNode pod) =>
        (pod["spec"]?["containers"] as JsonArray ?? []).Select(container => container?["readinessProbe"]?["httpGet"]?["port"] as JsonValue)
            .Select(port => port is not null && port.TryGetValue<int>(out var number) ? number : 0).FirstOrDefault(port => port > 0) is var found and > 0 ? found : DefaultAdminPort;
}
