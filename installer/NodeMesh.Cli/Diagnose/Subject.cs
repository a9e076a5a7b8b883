using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Diagnose;

/// <summary>What is asked about: pods, the workload that owns them, and the Services in front of them.</summary>
/// <param name="Name">The workload's; a Service's or a pod's own where there is none.</param>
/// <param name="Pods">Their ids.</param>
/// <param name="Services">As the configuration has them.</param>
internal sealed record Subject(string Namespace, string Name, IReadOnlySet<string> Pods, IReadOnlyList<JsonNode> Services)
{
    public string Id => $"{Namespace}/{Name}";

    public IReadOnlySet<string> ServiceIds { get; } = Services.Select(service => service["id"]!.ToString()).ToHashSet();

    /// <param name="asked">namespace/name or a name.</param>
    /// <exception cref="ClusterException">Nothing has that name, or things in several namespaces do.</exception>
    public static Subject Find(Evidence evidence, string asked, string? home)
    {
        if (asked.Split('/') is [var before, var after])
        {
            (home, asked) = (before, after);
        }
        bool isHome(JsonNode item) => home is null || item["namespace"]?.ToString() == home;
        var pods = evidence.Workloads.Where(pod => isHome(pod) && (pod["owner"]?.ToString() == asked || pod["name"]?.ToString() == asked)).ToList();
        var services = evidence.Services.Where(service => isHome(service) && service["name"]?.ToString() == asked).ToList();
        var homes = pods.Concat(services).Select(item => item["namespace"]!.ToString()).Distinct().ToList();
        switch (homes)
        {
            case []:
                throw new ClusterException($"{(home is null ? "no namespace" : $"namespace {home}")} has a workload, a pod or a Service {asked} that the mesh knows: nodemesh pods --all shows pods, nodemesh graph --all who was called");
            case [_, _, ..]:
                throw new ClusterException($"{string.Join(" and ", homes)} each have something named {asked}: say which with --namespace");
        }
        if (pods.Count == 0)
        {
            var behind = services.SelectMany(Endpoints).Select(endpoint => endpoint["workload"]?.ToString() ?? "").ToHashSet();
            pods = [.. evidence.Workloads.Where(pod => behind.Contains(pod["id"]!.ToString()))];
        }
        var ids = pods.Select(pod => pod["id"]!.ToString()).ToHashSet();
        var inFront = evidence.Services.Where(service => Endpoints(service).Any(endpoint => ids.Contains(endpoint["workload"]?.ToString() ?? "")));
        var owner = pods.Select(pod => pod["owner"]!.ToString()).Distinct().ToList() is [var only] ? only : asked;
        return new Subject(homes[0], owner, ids, [.. services.Union(inFront)]);
    }

    public static IEnumerable<JsonNode> Ports(JsonNode service) => (service["ports"] as JsonArray ?? []).OfType<JsonNode>();

    public static IEnumerable<JsonNode> Endpoints(JsonNode service) => Ports(service).SelectMany(port => (port["endpoints"] as JsonArray ?? []).OfType<JsonNode>());
}
