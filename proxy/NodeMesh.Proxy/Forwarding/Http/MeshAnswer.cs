using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>The mesh's own answer where the upstream has none. It always says that it is the mesh's, and why.</summary>
internal static class MeshAnswer
{
    public const string ErrorHeader = "nodemesh-error";

    public static void Write(HttpExchange exchange, bool isGrpc, int status, Reason reason)
    {
        var response = exchange.Response;
        response.Headers.Clear();
        response.Headers[ErrorHeader] = reason.Word();
        if (isGrpc)
        {
            // A gRPC client wants its status in the head of a response without a body ("Trailers-Only").
            response.StatusCode = 200;
            response.Headers.ContentType = GrpcAnswer.ContentType;
            response.Headers[GrpcAnswer.StatusHeader] = reason.GrpcStatus();
            response.Headers[GrpcAnswer.MessageHeader] = reason.Word();
        }
        else
        {
            response.StatusCode = status;
            response.Headers.ContentLength = 0;
        }
    }

    /// <summary>Answers in nobody's place: the request has gone nowhere.</summary>
    public static ExchangeOutcome Refuse(HttpExchange exchange, Reason reason)
    {
        var status = reason.HttpStatus();
        Write(exchange, exchange.IsGrpc, status, reason);
        return exchange.IsGrpc ? new ExchangeOutcome(200, reason.GrpcStatus(), reason, HasAnswer: true) : new ExchangeOutcome(status, null, reason, HasAnswer: true);
    }
}
