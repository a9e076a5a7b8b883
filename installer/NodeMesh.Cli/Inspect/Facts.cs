using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Inspect;

/// <summary>What is known of one object, each fact with the resource it comes from.</summary>
/// <param name="mesh">The mesh's namespace.</param>
/// <param name="home">The object's.</param>
internal sealed class Facts(ClusterApi api, string mesh, string home, string name, CancellationToken cancellation)
{
    private const string MeshLabel = "nodemesh.io/mesh";

    private readonly MeshNodes _nodes = new(api, mesh);
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
        foreach (var route in (await RouteRow.ReadAsync(api, null, cancellation)).Where(r => r.Service == $"{home}/{name}"))
        {
            Add("route", route.Standing, $"{route.Kind} {route.Namespace}/{route.Name}");
        }
        await AddPoliciesAsync(policy => policy.Concerns("Service", name));
        await AddProblemsAsync(["Service"]);
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
        Add("captured", await CapturedAsync(pod["spec"]?["nodeName"]?.ToString()), $"the agent on {pod["spec"]?["nodeName"]}");
        var services = await ServicesOfAsync(pod);
        foreach (var service in services)
        {
            Add("service", service, $"selector of Service {home}/{service}");
        }
        await AddPoliciesAsync(policy => services.Append("").Any(service => policy.Concerns("Service", service)) && policy.Kind is "AuthorizationPolicy" or "EgressPolicy");
        await AddProblemsAsync(["Pod"]);
        return _rows;
    }

    /// <param name="kind">In lower case; null: any.</param>
    public async Task<JsonArray> OfRouteAsync(string? kind)
    {
        var routes = (await RouteRow.ReadAsync(api, home, cancellation))
            .Where(r => r.Name == name && (kind is null || r.Kind.Equals(kind, StringComparison.OrdinalIgnoreCase))).ToList();
        var kinds = routes.Select(r => r.Kind).Distinct().ToList();
        switch (kinds)
        {
            case []:
                throw NotFound("route with a Service as parent");
            case [_, _, ..]:
                throw new ClusterException($"{string.Join(" and ", kinds.Select(k => $"{k} {home}/{name}"))} have the same name: say which by its kind, as in describe {kinds[0].ToLowerInvariant()} {name}");
        }
        foreach (var route in routes)
        {
            Add($"at Service {route.ServiceAndPort}", route.Standing, $"{route.Kind} {home}/{name}");
        }
        await AddPoliciesAsync(policy => policy.TargetKind == kinds[0] && policy.TargetName == name);
        await AddRolloutsAsync(kinds[0]);
        await AddProblemsAsync(kinds);
        return _rows;
    }

    private async Task<string> CapturedAsync(string? nodeName)
    {
        if ((await _nodes.ListAsync(cancellation)).FirstOrDefault(n => n.Node == nodeName) is not { } node)
        {
            return nodeName is null ? "no: it is on no node yet" : $"no: no agent runs on node {nodeName}";
        }
        var answer = await _nodes.TryAskAsync(node, "pods", cancellation);
        if (answer.Json is null)
        {
            return $"unknown: {answer.Problem}";
        }
        var seen = (answer.Json["pods"] as JsonArray ?? []).FirstOrDefault(p => p?["namespace"]?.ToString() == home && p["name"]?.ToString() == name);
        return seen switch
        {
            null => "no: the agent does not know it",
            _ when seen["captured"]?.GetValue<bool>() == true => "yes",
            _ when seen["enrolled"]?.GetValue<bool>() != true => "no: it is not enrolled",
            _ => $"no: {string.Join("; ", seen["missing"] as JsonArray ?? [])}",
        };
    }

    private async Task<IReadOnlyList<string>> ServicesOfAsync(JsonNode pod)
    {
        var labels = pod["metadata"]?["labels"] as JsonObject ?? [];
        return
        [
            .. from service in await api.ListAsync($"/api/v1/namespaces/{home}/services", cancellation)
               let selector = service["spec"]?["selector"] as JsonObject
               where selector is { Count: > 0 } && selector.All(wanted => labels[wanted.Key]?.ToString() == wanted.Value?.ToString())
               select service["metadata"]!["name"]!.ToString(),
        ];
    }

    private async Task AddPoliciesAsync(Func<PolicyRow, bool> isWanted)
    {
        foreach (var policy in (await PolicyRow.ReadAsync(api, home, mesh, cancellation)).Where(isWanted))
        {
            Add("policy", policy.Standing, $"{policy.Kind} {policy.Namespace}/{policy.Name}");
        }
    }

    private async Task AddRolloutsAsync(string kind)
    {
        foreach (var rollout in await api.ListAsync($"/apis/nodemesh.io/v1alpha1/namespaces/{home}/rollouts", cancellation))
        {
            if (rollout["spec"]?["targetRef"] is not { } target || target["kind"]?.ToString() != kind || target["name"]?.ToString() != name)
            {
                continue;
            }
            var refused = (rollout["status"]?["conditions"] as JsonArray ?? []).FirstOrDefault(condition => condition?["type"]?.ToString() == "Accepted" && condition["status"]?.ToString() == "False");
            var standing = refused is not null ? $"not in force: {refused["reason"]}: {refused["message"]}"
                : rollout["status"]?["phase"] is { } phase ? $"{phase}: {rollout["status"]!["message"]}"
                : "no status yet: no agent has said anything of it";
            Add("rollout", standing, $"Rollout {home}/{rollout["metadata"]?["name"]}");
        }
    }

    // Every node compiles the same resources, but only the pod's own finds its pods: the same problem is told once.
    private async Task AddProblemsAsync(IReadOnlyList<string> kinds)
    {
        var said = new HashSet<string>(StringComparer.Ordinal);
        foreach (var answer in await _nodes.AskAllAsync(await _nodes.ListAsync(cancellation), "problems", cancellation))
        {
            foreach (var problem in (answer.Json as JsonArray ?? []).OfType<JsonNode>())
            {
                if (kinds.Contains(problem["kind"]?.ToString()) && problem["object"]?.ToString() == $"{home}/{name}" && said.Add(problem["message"]?.ToString() ?? ""))
                {
                    Add("problem", problem["message"]?.ToString(), $"the agent on {answer.Node.Node}");
                }
            }
        }
    }

    private void Add(string what, string? @is, string by) => _rows.Add((JsonNode)new JsonObject { ["what"] = what, ["is"] = @is, ["by"] = by });

    private ClusterException NotFound(string kind) => new($"there is no {kind} {name} in namespace {home}: name another with --namespace");
}
