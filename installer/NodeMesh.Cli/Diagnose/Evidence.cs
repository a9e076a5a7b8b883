using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Metrics;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Diagnose;

/// <summary>What all agents say, and what passed while they were watched.</summary>
/// <param name="Config">The compiled configuration of one that has it; all compile the same.</param>
/// <param name="Before">The traffic when watching began.</param>
/// <param name="Watched">For how long.</param>
internal sealed record Evidence(IReadOnlyList<NodeEvidence> Nodes, JsonNode Config, TrafficTotals Before, TrafficTotals After, TimeSpan Watched)
{
    public IEnumerable<JsonNode> Workloads => Items(Config, "workloads");

    public IEnumerable<JsonNode> Services => Items(Config, "services");

    /// <summary>Of all nodes; each thing said once.</summary>
    public IEnumerable<JsonNode> Problems => Said(node => node.Problems);

    public IEnumerable<JsonNode> Routes => Said(node => node.Routes);

    public IEnumerable<JsonNode> Policies => Said(node => node.Policies);

    /// <summary>How much a counter has grown meanwhile, by the values of these labels; where it has not, how much it has since the proxies started.</summary>
    public IReadOnlyDictionary<string, double> Growth(string counter, params string[] labels)
    {
        var (before, after) = (Sum(node => node.Before), Sum(node => node.After));
        var grown = after.Where(now => now.Value > before.GetValueOrDefault(now.Key)).ToDictionary(now => now.Key, now => now.Value - before.GetValueOrDefault(now.Key));
        return grown.Count > 0 ? grown : after.Where(now => now.Value > 0).ToDictionary();

        Dictionary<string, double> Sum(Func<NodeEvidence, IReadOnlyList<MetricSample>> of) => Nodes.SelectMany(of).Where(sample => sample.Name == counter)
            .GroupBy(sample => string.Join(' ', labels.Select(label => sample[label]))).ToDictionary(group => group.Key, group => group.Sum(sample => sample.Value));
    }

    /// <exception cref="ClusterException">There are no agents, or none that could say what is configured.</exception>
    public static async Task<Evidence> GatherAsync(MeshAgents agents, TimeSpan watch, CancellationToken cancellation)
    {
        var nodes = await agents.ListAsync(cancellation);
        var before = await agents.ScrapeAsync(nodes, cancellation);
        await Task.Delay(watch, cancellation);
        var after = await agents.ScrapeAsync(nodes, cancellation);
        var pods = await agents.AskAllAsync(nodes, "pods", cancellation);
        var problems = await agents.AskAllAsync(nodes, "problems", cancellation);
        var routes = await agents.AskAllAsync(nodes, "routes", cancellation);
        var policies = await agents.AskAllAsync(nodes, "policies", cancellation);
        var all = nodes.Select((node, i) => new NodeEvidence(node, pods[i].Problem, Items(pods[i].Json, "pods"), Items(problems[i].Json), Items(routes[i].Json), Items(policies[i].Json), Of(before, node), Of(after, node))).ToList();
        foreach (var node in nodes)
        {
            if ((await agents.TryAskAsync(node, "config", cancellation)).Json is { } config)
            {
                return new Evidence(all, config, TrafficTotals.From(before.CommonWith(after)), TrafficTotals.From(after.CommonWith(before)), watch);
            }
        }
        throw new ClusterException($"no agent says what is configured: {all[0].Silence}");
    }

    private static IReadOnlyList<MetricSample> Of(MeshScrape scrape, MeshNode node) => scrape.Nodes.GetValueOrDefault(node.Node) ?? [];

    private IEnumerable<JsonNode> Said(Func<NodeEvidence, IReadOnlyList<JsonNode>> by) => Nodes.SelectMany(by).DistinctBy(item => item.ToJsonString());

    private static IReadOnlyList<JsonNode> Items(JsonNode? json, string? field = null) => [.. ((field is null ? json : json?[field]) as JsonArray ?? []).OfType<JsonNode>()];
}

/// <summary>What one agent says.</summary>
/// <param name="Silence">Why it says nothing; empty when it does.</param>
/// <param name="Before">Its metrics when watching began.</param>
internal sealed record NodeEvidence(
    MeshNode Node,
    string Silence,
    IReadOnlyList<JsonNode> Pods,
    IReadOnlyList<JsonNode> Problems,
    IReadOnlyList<JsonNode> Routes,
    IReadOnlyList<JsonNode> Policies,
    IReadOnlyList<MetricSample> Before,
    IReadOnlyList<MetricSample> After)
{
    /// <summary>A metric without labels; null: there is none.</summary>
    public double? Now(string metric) => After.FirstOrDefault(sample => sample.Name == metric)?.Value;
}
