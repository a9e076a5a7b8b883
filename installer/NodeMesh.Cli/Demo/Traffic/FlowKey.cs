namespace NodeMesh.Cli.Demo.Traffic;

/// <summary>Who talks to whom, and how: a row of the table.</summary>
/// <param name="Service">Empty when the destination is behind no Service.</param>
/// <param name="Protocol">http1, http2, tls or opaque, as connections have it; gRPC is http2 here.</param>
internal readonly record struct FlowKey(string Source, string Destination, string Service, string Protocol);
