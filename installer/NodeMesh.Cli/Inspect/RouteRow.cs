using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Inspect;

/// <summary>A route at one of the Services that are its parents.</summary>
internal sealed record RouteRow(string Kind, JsonNode Route, JsonNode Parent)
{
    private const string Group = "/apis/gateway.networking.k8s.io";

    /// <summary>The kinds of routes, with the versions they may be served in, the newest first.</summary>
    public static readonly (string Kind, string Plural, string[] Versions)[] Kinds =
    [
        ("HTTPRoute", "httproutes", ["v1", "v1beta1"]),
        ("GRPCRoute", "grpcroutes", ["v1"]),
        ("TLSRoute", "tlsroutes", ["v1", "v1alpha3", "v1alpha2"]),
        ("TCPRoute", "tcproutes", ["v1", "v1alpha2"]),
    ];

    public string Namespace => Route["metadata"]!["namespace"]?.ToString() ?? "default";

    public string Name => Route["metadata"]!["name"]?.ToString() ?? "";

    /// <summary>namespace/name</summary>
    public string Service => $"{Parent["namespace"]?.ToString() ?? Namespace}/{Parent["name"]}";

    public string ServiceAndPort => $"{Service}{(Parent["port"] is { } port ? $":{port}" : "")}";

    public Conditions Conditions => Conditions.Of(Route, "parents", "parentRef", Parent);

    /// <summary>All of a namespace, or of the cluster.</summary>
    public static async Task<IReadOnlyList<RouteRow>> ReadAsync(ClusterApi api, string? home, CancellationToken cancellation)
    {
        var rows = new List<RouteRow>();
        foreach (var (kind, plural, versions) in Kinds)
        {
            IReadOnlyList<JsonNode> routes = [];
            foreach (var version in versions)
            {
                routes = await api.ListAsync($"{Group}/{version}/{(home is null ? "" : $"namespaces/{home}/")}{plural}", cancellation);
                if (routes.Count > 0)
                {
                    break;
                }
            }
            rows.AddRange(
                from route in routes
                from parent in (route["spec"]?["parentRefs"] as JsonArray ?? []).OfType<JsonNode>()
                where parent["kind"]?.ToString() == "Service"
                select new RouteRow(kind, route, parent));
        }
        return rows;
    }

    public JsonObject ToJson() => new()
    {
        ["namespace"] = Namespace,
        ["kind"] = Kind,
        ["name"] = Name,
        ["service"] = ServiceAndPort,
        ["accepted"] = Conditions["Accepted"],
        ["resolvedRefs"] = Conditions["ResolvedRefs"],
        ["hostnames"] = Route["spec"]?["hostnames"]?.DeepClone(),
        ["why"] = Conditions.Trouble,
    };

    /// <summary>In a sentence.</summary>
    public string Standing => Conditions["Accepted"] switch
    {
        "Unknown" => Conditions.Trouble,
        "True" when Conditions.Trouble.Length == 0 => "in force",
        "True" => $"in force, but {Conditions.Trouble}",
        _ => $"not in force: {Conditions.Trouble}",
    };
}
