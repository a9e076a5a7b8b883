namespace NodeMesh.Proxy.Telemetry;

/// <summary>Why the mesh itself ended a request or a connection. The same word stands in the nodemesh-error header, the metric and the log.</summary>
internal enum Reason
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>The Service has no ready endpoint.</summary>
    NoEndpoints,

    /// <summary>The upstream refused the connection, or could not be reached.</summary>
    UpstreamConnect,

    /// <summary>The upstream broke the connection before its answer was whole.</summary>
    UpstreamReset,

    /// <summary>The downstream went away first. Not an error of anyone the mesh serves.</summary>
    DownstreamReset,

    /// <summary>A limit of the proxy itself was reached.</summary>
    Overloaded,

    /// <summary>Bytes that are not the protocol they claim to be.</summary>
    ProtocolError,

    /// <summary>The pod's sandbox went away.</summary>
    PodGone,

    /// <summary>The Service port has routes, and none is for this.</summary>
    NoRoute,

    /// <summary>The route's share of traffic that was chosen has no backend that can be had.</summary>
    InvalidBackend,

    /// <summary>The route has a filter that this mesh can't carry out.</summary>
    InvalidFilter,

    /// <summary>The time the route gives a request, with all its attempts, is over.</summary>
    TimeoutRequest,

    /// <summary>The time the route gives one attempt is over.</summary>
    TimeoutBackend,

    /// <summary>An AuthorizationPolicy, or an EgressPolicy, does not let it pass.</summary>
    Denied,

    /// <summary>A RateLimitPolicy has no room for it now.</summary>
    RateLimited,

    /// <summary>A FaultPolicy made it fail.</summary>
    FaultInjected,

    /// <summary>The circuit breaker of a TrafficPolicy has no room for it now.</summary>
    CircuitOpen,

    /// <summary>For as long as a TrafficPolicy allows, no byte has passed.</summary>
    TimeoutIdle,

    /// <summary>The Service has had as many retries as its XBackendTrafficPolicy bears.</summary>
    RetryBudget,

    /// <summary>The Service that decides about a route's requests could not be asked.</summary>
    ExternalAuth,

    /// <summary>The rate limit service could not be asked, and its policy lets nobody pass then.</summary>
    RateLimitUnavailable,

    /// <summary>A BackendTLSPolicy wants the upstream to be spoken to in TLS, and it could not be, or not as the policy wants it.</summary>
    UpstreamTls,
}
