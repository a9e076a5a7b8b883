using Microsoft.Extensions.Primitives;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>What gRPC asks of an HTTP/2 message (gRPC over HTTP2, "PROTOCOL-HTTP2.md").</summary>
internal static class GrpcAnswer
{
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string ContentType = "application/grpc";

    /// <summary>application/grpc, application/grpc+proto, application/grpc;… but not application/grpc-web, which is no gRPC.</summary>
    public static bool IsGrpc(StringValues contentType)
    {
        var value = contentType.Count == 0 ? null : contentType[0];
        return value is not null
            && value.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
            && (value.Length == ContentType.Length || value[ContentType.Length] is '+' or ';');
    }
}
