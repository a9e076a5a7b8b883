namespace NodeMesh.Cli.Traffic;

/// <summary>Who talks to whom, and how.</summary>
/// <param name="Service">namespace/name; empty when the destination is behind no Service.</param>
/// <param name="Protocol">http1, http2, tls or opaque, as connections have it; gRPC is http2 here.</param>
internal readonly record struct FlowKey(string SourceNamespace, string Source, string DestinationNamespace, string Destination, string Service, string Protocol)
{
    /// <summary>The Service without its namespace.</summary>
    public string ServiceName => Service[(Service.IndexOf('/') + 1)..];
}
