using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Inspect;

/// <summary>What is known of one object, each fact with the resource it comes from.</summary>
internal sealed class Facts(ClusterApi api, MeshNodes nodes, string home, string name, CancellationToken cancellation)
{
    private const string MeshLabel = "nodemesh.io/mesh";

    private readonly JsonArray _rows = [];

    public async Task<JsonArray> OfServiceAsync()
    {
        var service = await api.TryGetAsync($"/api/v1/namespaces/{home}/services/{name}", cancellation) ?? throw NotFound("Service");
        var by = $"Service {home}/{name}";
        Add("address", service["spec"]?["clusterIP"]?.ToString(), by);
        foreach (var port in (service["spec"]?["ports"] as JsonArray ?? []).OfType<JsonNode>())
        {
            Add($"port {port["port"]}", $"protocol {port["appProtocol"]?.ToString() ?? (port["name"] is { } named ? $"by its name {named}" : "detected")}", by);
        }
        foreach (var slice in await api.ListAsync($"/apis/discovery.k8s.io/v1/namespaces/{home}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{name}", cancellation))
        {
            var endpoints = (slice["endpoints"] as JsonArray ?? []).OfType<JsonNode>().ToList();
            Add("endpoints", $"{endpoints.Count(e => e["conditions"]?["ready"]?.GetValue<bool>() != false)} ready of {endpoints.Count}", $"EndpointSlice {home}/{slice["metadata"]?["name"]}");
        }
        foreach (var route in (await RoutesCommand.ReadAsync(api, cancellation)).OfType<JsonNode>().Where(r => r["service"]!.ToString().Split(':')[0] == $"{home}/{name}"))
        {
            Add("route", $"accepted {route["accepted"]}, references {route["resolvedRefs"]}{(route["why"]?.ToString() is { Length: > 0 } why ? $": {why}" : "")}", $"{route["kind"]} {route["namespace"]}/{route["name"]}");
        }
        await AddProblemsAsync("Service");
        return _rows;
    }

    public async Task<JsonArray> OfPodAsync()
    {
        var pod = await api.TryGetAsync($"/api/v1/namespaces/{home}/pods/{name}", cancellation) ?? throw NotFound("Pod");
        var space = await api.TryGetAsync($"/api/v1/namespaces/{home}", cancellation);
        if (pod["spec"]?["hostNetwork"]?.GetValue<bool>() == true)
        {
            Add("enrolled", "no: it uses the machine's network", $"Pod {home}/{name}");
        }
        else if (pod["metadata"]?["labels"]?[MeshLabel] is { } own)
        {
            Add("enrolled", own.ToString(), $"label {MeshLabel} of Pod {home}/{name}");
        }
        else
        {
            Add("enrolled", space?["metadata"]?["labels"]?[MeshLabel]?.ToString() ?? "no: there is no label", $"label {MeshLabel} of Namespace {home}");
        }
        foreach (var annotation in (pod["metadata"]?["annotations"] as JsonObject ?? []).Where(a => a.Key.StartsWith("nodemesh.io/", StringComparison.Ordinal)))
        {
            Add(annotation.Key, annotation.Value?.ToString(), $"annotation of Pod {home}/{name}");
        }
        var node = (await nodes.ListAsync(cancellation)).FirstOrDefault(n => n.Node == pod["spec"]?["nodeName"]?.ToString());
        if (node is null)
        {
            Add("captured", $"no: no agent runs on node {pod["spec"]?["nodeName"]}", "DaemonSet nodemesh");
        }
        else
        {
            var seen = ((await nodes.TryAskAsync(node, "pods", cancellation))?["pods"] as JsonArray ?? []).FirstOrDefault(p => p?["namespace"]?.ToString() == home && p["name"]?.ToString() == name);
            Add("captured", seen is null ? "no: the agent does not know it" : seen["captured"]?.GetValue<bool>() == true ? "yes" : $"no: {string.Join("; ", seen["missing"] as JsonArray ?? [])}", $"the agent on {node.Node}");
        }
        await AddProblemsAsync("Pod");
        return _rows;
    }

    public async Task<JsonArray> OfRouteAsync()
    {
        foreach (var row in (await RoutesCommand.ReadAsync(api, cancellation)).OfType<JsonNode>().Where(r => r["namespace"]!.ToString() == home && r["name"]!.ToString() == name))
        {
            Add($"at Service {row["service"]}", $"accepted {row["accepted"]}, references {row["resolvedRefs"]}{(row["why"]?.ToString() is { Length: > 0 } why ? $": {why}" : "")}", $"{row["kind"]} {home}/{name}");
        }
        if (_rows.Count == 0)
        {
            throw NotFound("route with a Service as parent");
        }
        foreach (var (kind, _) in RoutesCommand.Kinds)
        {
            await AddProblemsAsync(kind);
        }
        return _rows;
    }

    private async Task AddProblemsAsync(string kind)
    {
        var said = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in await nodes.ListAsync(cancellation))
        {
            foreach (var problem in (await nodes.TryAskAsync(node, "problems", cancellation) as JsonArray ?? []).OfType<JsonNode>())
            {
                if (problem["kind"]?.ToString() == kind && problem["object"]?.ToString() == $"{home}/{name}" && said.Add(problem["message"]?.ToString() ?? ""))
                {
                    Add("problem", problem["message"]?.ToString(), $"the agent on {node.Node}");
                }
            }
        }
    }

    private void Add(string what, string? @is, string by) => _rows.Add((JsonNode)new JsonObject { ["what"] = what, ["is"] = @is, ["by"] = by });

    private ClusterException NotFound(string kind) => new($"there is no {kind} {name} in namespace {home}: name another with --namespace");
}
