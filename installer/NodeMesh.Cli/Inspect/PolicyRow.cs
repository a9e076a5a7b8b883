using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Inspect;

/// <summary>A policy at one of its targets.</summary>
internal sealed record PolicyRow(string Kind, JsonNode Policy, JsonNode Target)
{
    private const string Ours = "nodemesh.io";
    private const string GatewayApi = "gateway.networking.k8s.io";

    /// <summary>With the versions a kind may be served in, the newest first.</summary>
    private static readonly (string Kind, string Plural, string Group, string[] Versions)[] Kinds =
    [
        ("AuthorizationPolicy", "authorizationpolicies", Ours, ["v1alpha1"]),
        ("RateLimitPolicy", "ratelimitpolicies", Ours, ["v1alpha1"]),
        ("FaultPolicy", "faultpolicies", Ours, ["v1alpha1"]),
        ("TrafficPolicy", "trafficpolicies", Ours, ["v1alpha1"]),
        ("EgressPolicy", "egresspolicies", Ours, ["v1alpha1"]),
        ("TelemetryPolicy", "telemetrypolicies", Ours, ["v1alpha1"]),
        ("BackendTLSPolicy", "backendtlspolicies", GatewayApi, ["v1", "v1alpha3"]),
        ("XBackendTrafficPolicy", "xbackendtrafficpolicies", "gateway.networking.x-k8s.io", ["v1alpha1"]),
    ];

    public string Namespace => Policy["metadata"]!["namespace"]?.ToString() ?? "default";

    public string Name => Policy["metadata"]!["name"]?.ToString() ?? "";

    public string TargetKind => Target["kind"]?.ToString() ?? "";

    public string TargetName => Target["name"]?.ToString() ?? "";

    private Conditions Conditions => Conditions.Of(Policy, "ancestors", "ancestorRef", Target);

    /// <summary>What it says, where, and how far that counts.</summary>
    public string Standing
    {
        get
        {
            var says = string.Join(", ", (Policy["spec"] as JsonObject ?? []).Where(part => part.Key != "targetRefs").Select(part => part.Key));
            var place = $"{TargetKind} {TargetName}{(Target["sectionName"] is { } section ? $" {section}" : "")}";
            return Conditions["Accepted"] switch
            {
                "True" when Conditions.Trouble.Length == 0 => $"{says} at {place}",
                "True" => $"{says} at {place}, but {Conditions.Trouble}",
                "False" => $"not in force at {place}: {Conditions.Trouble}",
                _ => $"{says} at {place}; {Conditions.Trouble}",
            };
        }
    }

    /// <summary>Those of a namespace, and those of the mesh as a whole.</summary>
    public static async Task<IReadOnlyList<PolicyRow>> ReadAsync(ClusterApi api, string home, string mesh, CancellationToken cancellation)
    {
        var rows = new List<PolicyRow>();
        foreach (var (kind, plural, group, versions) in Kinds)
        {
            foreach (var place in new[] { home, mesh }.Distinct())
            {
                IReadOnlyList<JsonNode> policies = [];
                foreach (var version in versions.TakeWhile(_ => policies.Count == 0))
                {
                    policies = await api.ListAsync($"/apis/{group}/{version}/namespaces/{place}/{plural}", cancellation);
                }
                rows.AddRange(
                    from policy in policies
                    from target in (policy["spec"]?["targetRefs"] as JsonArray ?? []).OfType<JsonNode>()
                    where place == home || target["kind"]?.ToString() == "Mesh"
                    select new PolicyRow(kind, policy, target));
            }
        }
        return rows;
    }

    /// <summary>Whether it is about an object of its namespace, by that object's own name or as one of many.</summary>
    public bool Concerns(string kind, string name) => TargetKind is "Namespace" or "Mesh" || (TargetKind == kind && TargetName == name);
}
