namespace NodeMesh.Proxy.Telemetry;

/// <summary>The words that <see cref="Reason"/> has outside: in the nodemesh-error header, in metrics and in logs.</summary>
internal static class ReasonWords
{
    /// <summary>How many there are: reasons are small and dense, so that they may index an array.</summary>
    public const int Count = (int)Reason.UpstreamTls + 1;

    private static readonly string[] Words =
        ["", "no_endpoints", "upstream_connect", "upstream_reset", "downstream_reset", "overloaded", "protocol_error", "pod_gone",
            "no_route", "invalid_backend", "invalid_filter", "timeout_request", "timeout_backend", "denied", "rate_limited", "fault_injected", "circuit_open",
            "timeout_idle", "retry_budget", "external_auth", "rate_limit_unavailable", "upstream_tls"];

    /// <summary>Empty for <see cref="Reason.None"/>.</summary>
    public static string Word(this Reason reason) => Words[(int)reason];

    /// <summary>The status of the mesh's own answer, where nothing more exact is known.</summary>
    public static int HttpStatus(this Reason reason) => reason switch
    {
        Reason.Denied or Reason.ExternalAuth => 403,
        Reason.NoRoute => 404,
        Reason.RateLimited => 429,
        Reason.InvalidBackend or Reason.InvalidFilter => 500,
        Reason.UpstreamReset => 502,
        Reason.TimeoutRequest or Reason.TimeoutBackend or Reason.TimeoutIdle => 504,
        _ => 503,
    };

    /// <summary>The same for gRPC.</summary>
    public static string GrpcStatus(this Reason reason) => reason switch
    {
        Reason.NoRoute => GrpcStatusCode.Unimplemented,
        Reason.Denied or Reason.ExternalAuth => GrpcStatusCode.PermissionDenied,
        Reason.RateLimited => GrpcStatusCode.ResourceExhausted,
        Reason.TimeoutRequest or Reason.TimeoutBackend or Reason.TimeoutIdle => GrpcStatusCode.DeadlineExceeded,
        _ => GrpcStatusCode.Unavailable,
    };
}
