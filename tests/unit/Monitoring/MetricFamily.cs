namespace NodeMesh.UnitTests.Monitoring;

/// <summary>One metric, with all its series.</summary>
internal sealed record MetricFamily(string Component, string Name, string Type, string Help, IReadOnlyList<string> Labels)
{
    /// <summary>As the name says; what has none in it is a number of things.</summary>
    public string Unit => Name.Contains("_seconds", StringComparison.Ordinal) ? "seconds" : Name.Contains("_bytes", StringComparison.Ordinal) ? "bytes" : "";
}
