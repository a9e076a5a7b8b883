using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Cluster;

/// <summary>What the agents had counted at one moment.</summary>
/// <param name="Nodes">By the node's name; those whose agents answered.</param>
/// <param name="Silent">Why the others did not.</param>
internal sealed record MeshScrape(long Timestamp, IReadOnlyDictionary<string, IReadOnlyList<MetricSample>> Nodes, IReadOnlyList<string> Silent)
{
    /// <summary>What those nodes counted that answered the other time, too: the counts of one that did not would seem to have fallen, or to have come at once.</summary>
    public IEnumerable<MetricSample> CommonWith(MeshScrape other) => Nodes.Where(node => other.Nodes.ContainsKey(node.Key)).SelectMany(node => node.Value);

    /// <summary>Said beside what the others told; null: all answered.</summary>
    public string? WhatIsMissing => Silent.Count switch
    {
        0 => null,
        1 => $"the traffic of a node is not shown: {Silent[0]}",
        var count => $"the traffic of {count} nodes is not shown; of the first: {Silent[0]}",
    };
}
