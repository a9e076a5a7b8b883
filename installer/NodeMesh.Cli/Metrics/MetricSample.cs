namespace NodeMesh.Cli.Metrics;

/// <summary>One line of a scrape.</summary>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    /// <summary>A label's value; empty when the sample has no such label.</summary>
    public string this[string label] => Labels.GetValueOrDefault(label, "");
}
