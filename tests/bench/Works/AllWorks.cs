using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

internal static class AllWorks
{
    public static readonly Work[] List =
    [
        new Wrk("http1", "HTTP/1.1, 64 connections that stay, 64-byte bodies", 64),
        new Wrk("http1-routed", "The same by an HTTPRoute with four matches, a header filter and two weighted backends", 64, isRouted: true),
        new OwnLoad("http1-new", "HTTP/1.1, a new connection for each request, 64 at once", "http", Ports.Http1, 64),
        new H2Load("h2c", "HTTP/2, 8 connections with 16 streams, 64-byte bodies", 8, 16, grpc: false),
        new H2Load("grpc", "gRPC unary, 8 connections with 16 streams, 64-byte messages", 8, 16, grpc: true),
        new OwnLoad("pingpong-1", "opaque, 64 bytes there and back, 1 connection", "pingpong", Ports.Echo, 1),
        new OwnLoad("pingpong-64", "opaque, 64 bytes there and back, 64 connections", "pingpong", Ports.Echo, 64),
        new OwnLoad("tcp-new", "opaque, a new connection for each 64-byte round trip, 64 at once", "connect", Ports.Once, 64),
        new OwnLoad("bulk", "opaque, throughput of 1 connection, client to server", "bulk", Ports.Sink, 1),
    ];
}
