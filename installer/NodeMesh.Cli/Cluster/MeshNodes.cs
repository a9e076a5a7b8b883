using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Cluster;

/// <summary>The agents of a cluster; what their admin ports say is asked for through the API server, which reaches every node.</summary>
internal sealed class MeshNodes(ClusterApi api, string @namespace)
{
    private const int DefaultAdminPort = 15020;

    // A cluster may have thousands of nodes, and the API server others to serve.
    private const int AskedAtOnce = 16;

    public async Task<IReadOnlyList<MeshNode>> ListAsync(CancellationToken cancellation)
    {
        var pods = await api.ListAsync($"/api/v1/namespaces/{@namespace}/pods?labelSelector=app.kubernetes.io%2Fname%3Dnodemesh", cancellation);
        if (pods.Count == 0)
        {
            throw new ClusterException($"no agent runs in namespace {@namespace} of {api.Server}: install the mesh with nodemesh install, or name its namespace with --mesh-namespace");
        }
        // During an upgrade a node has two: the one that is not on its way out counts.
        return [.. pods.OrderBy(p => p["metadata"]?["deletionTimestamp"] is not null).GroupBy(p => p["spec"]?["nodeName"]?.ToString() ?? "").Select(g => Read(g.First())).OrderBy(n => n.Node, StringComparer.Ordinal)];
    }

    /// <exception cref="ClusterException">No agent runs on this node.</exception>
    public async Task<MeshNode> FindAsync(string name, CancellationToken cancellation)
    {
        var all = await ListAsync(cancellation);
        return all.FirstOrDefault(node => node.Node == name)
            ?? throw new ClusterException($"no agent runs on a node {name}; they run on {string.Join(", ", all.Take(10).Select(node => node.Node))}{(all.Count > 10 ? $" and {all.Count - 10} more" : "")}");
    }

    /// <summary>What every agent answers, in the order of the nodes.</summary>
    public async Task<IReadOnlyList<AgentAnswer>> AskAllAsync(IReadOnlyList<MeshNode> nodes, string path, CancellationToken cancellation)
    {
        var answers = new AgentAnswer[nodes.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellation };
        await Parallel.ForAsync(0, nodes.Count, options, async (i, stop) => answers[i] = await TryAskAsync(nodes[i], path, stop));
        return answers;
    }

    public async Task<AgentAnswer> TryAskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return new AgentAnswer(node, JsonNode.Parse(await AskAsync(node, path, cancellation)), "");
        }
        catch (Exception e) when (e is ClusterException or JsonException)
        {
            return new AgentAnswer(node, null, e.Message);
        }
    }

    /// <exception cref="ClusterException">It does not answer, or you may not ask.</exception>
    public async Task<string> AskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return await api.GetTextAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}:{node.AdminPort}/proxy/{path}", cancellation);
        }
        catch (ClusterException e) when (e.Status is not null)
        {
            throw new ClusterException(
                $"the agent on node {node.Node} does not answer through the API server: {e.Message}; see that you may get pods/proxy in {@namespace}, and that the API server reaches the nodes' port {node.AdminPort}",
                e.Status, e);
        }
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
