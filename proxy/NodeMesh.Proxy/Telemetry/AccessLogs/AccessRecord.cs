namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>What an access log can say of a request or an opaque connection that is over. Null: not known, or there is no such thing.</summary>
internal sealed record AccessRecord(DateTimeOffset Start, TimeSpan Duration)
{
    public string? Method { get; init; }

    public string? Path { get; init; }

    /// <summary>0: the downstream got no response, or this is a connection.</summary>
    public int Status { get; init; }

    public long BytesReceived { get; init; }

    public long BytesSent { get; init; }

    public int Attempts { get; init; }

    public string? SourceNamespace { get; init; }

    public string? SourceWorkload { get; init; }

    public string? SourcePod { get; init; }

    public string? DestinationNamespace { get; init; }

    public string? DestinationWorkload { get; init; }

    public string? DestinationPod { get; init; }

    public string? Service { get; init; }

    public string? Route { get; init; }

    public string? Endpoint { get; init; }

    public Reason Reason { get; init; }
}
