namespace NodeMesh.Proxy.Telemetry;

/// <summary>What a connection or a request speaks, as the metrics name it.</summary>
internal enum TrafficProtocol
{
    Http1,
    Http2,

    /// <summary>Of requests only: a gRPC connection is an HTTP/2 one.</summary>
    Grpc,
    Tls,
    Opaque,
}
