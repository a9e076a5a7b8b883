namespace NodeMesh.Agent.Reporting;

/// <summary>Which Lease is held for what time. The defaults cost the API server about one read per 45 s and node.</summary>
internal sealed record LeaseOptions(string Namespace, string Name, string Identity)
{
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the holder renews.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The others look after this long to twice as long: there may be thousands of them, and conditions can wait a minute.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(30);
}
