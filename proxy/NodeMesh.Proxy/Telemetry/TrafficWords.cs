namespace NodeMesh.Proxy.Telemetry;

/// <summary>How metrics and logs name directions and protocols.</summary>
internal static class TrafficWords
{
    public static string Word(this TrafficDirection direction) => direction switch
    {
        TrafficDirection.Outbound => "outbound",
        TrafficDirection.Inbound => "inbound",
        _ => "local",
    };

    public static string Word(this TrafficProtocol protocol) => protocol switch
    {
        TrafficProtocol.Http1 => "http1",
        TrafficProtocol.Http2 => "http2",
        TrafficProtocol.Grpc => "grpc",
        TrafficProtocol.Tls => "tls",
        _ => "opaque",
    };
}
