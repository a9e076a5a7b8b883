using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Cluster;

/// <summary>The agents of a cluster; what their admin ports say is asked for through the API server, which reaches every node.</summary>
internal sealed class MeshNodes(ClusterApi api, string @namespace)
{
    private const int AdminPort = 15020;

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

    /// <summary>What an agent answers; null when it does not.</summary>
    public async Task<JsonNode?> TryAskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return JsonNode.Parse(await AskAsync(node, path, cancellation));
        }
        catch (Exception e) when (e is ClusterException or JsonException)
        {
            return null;
        }
    }

    /// <exception cref="ClusterException">It does not answer, or you may not ask.</exception>
    public Task<string> AskAsync(MeshNode node, string path, CancellationToken cancellation) =>
        api.GetTextAsync($"/api/v1/namespaces/{@namespace}/pods/{node.Pod}:{AdminPort}/proxy/{path}", cancellation);

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
            isReady,
            isReady ? "" : waiting ?? status?["phase"]?.ToString() ?? "not started");
    }
}
