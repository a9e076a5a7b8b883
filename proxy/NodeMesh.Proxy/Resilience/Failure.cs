namespace NodeMesh.Proxy.Resilience;

/// <summary>Whether an answer counts against the endpoint that gave it.</summary>
internal static class Failure
{
    /// <param name="grpcStatus">Of a call that ended with its head; null: not known yet, or no gRPC.</param>
    public static (bool IsError, bool IsGateway) Of(int status, string? grpcStatus) => grpcStatus switch
    {
        "14" => (true, true), // UNAVAILABLE
        "4" or "13" or "15" => (true, false), // DEADLINE_EXCEEDED, INTERNAL, DATA_LOSS
        _ => (status >= 500, status is 502 or 503 or 504),
    };
}
