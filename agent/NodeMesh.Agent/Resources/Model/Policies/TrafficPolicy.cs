using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>How the endpoints of the target are chosen and spared.</summary>
internal sealed record TrafficPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public TrafficPolicySpec Spec { get; init => field = value ?? TrafficPolicySpec.Empty; } = TrafficPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => PolicyApi.TrafficPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record TrafficPolicySpec
{
    public static TrafficPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    public LoadBalancing? LoadBalancing { get; init; }

    public CircuitBreaker? CircuitBreaker { get; init; }

    public OutlierDetection? OutlierDetection { get; init; }

    public TrafficTimeouts? Timeouts { get; init; }

    /// <summary>AsClient, HTTP1 or HTTP2.</summary>
    public string UpstreamProtocol { get; init => field = value ?? "AsClient"; } = "AsClient";

    public HealthCheck? HealthCheck { get; init; }

    public Hedging? Hedging { get; init; }
}

internal sealed record Hedging
{
    /// <summary>After which a second attempt is made.</summary>
    public string? Delay { get; init; }

    /// <summary>Of the requests, at most.</summary>
    public int? Percent { get; init; }
}

/// <summary>Exactly one of http, grpc and tcp.</summary>
internal sealed record HealthCheck
{
    public string? Interval { get; init; }

    public string? Timeout { get; init; }

    public int? HealthyThreshold { get; init; }

    public int? UnhealthyThreshold { get; init; }

    /// <summary>null: the endpoint's.</summary>
    public int? Port { get; init; }

    public HttpHealthCheck? Http { get; init; }

    public GrpcHealthCheck? Grpc { get; init; }

    public TcpHealthCheck? Tcp { get; init; }
}

internal sealed record HttpHealthCheck
{
    public string Path { get; init => field = value ?? "/"; } = "/";

    public string? Host { get; init; }
}

internal sealed record GrpcHealthCheck
{
    public string? Service { get; init; }
}

internal sealed record TcpHealthCheck;

internal sealed record TrafficTimeouts
{
    public string? Connect { get; init; }

    /// <summary>In which nothing passes.</summary>
    public string? Idle { get; init; }

    /// <summary>For which a connection is kept for the next request.</summary>
    public string? KeepAlive { get; init; }
}

internal sealed record LoadBalancing
{
    /// <summary>LeastRequest, RoundRobin, Random or ConsistentHash.</summary>
    public string Algorithm { get; init => field = value ?? "LeastRequest"; } = "LeastRequest";

    public ConsistentHash? ConsistentHash { get; init; }

    /// <summary>None, PreferZone or PreferNode.</summary>
    public string Locality { get; init => field = value ?? "None"; } = "None";

    public SlowStart? SlowStart { get; init; }
}

internal sealed record SlowStart
{
    /// <summary>How long it takes until a new endpoint has its whole share.</summary>
    public string? Window { get; init; }
}

/// <summary>Exactly one of header, cookie, queryParam and sourceIP.</summary>
internal sealed record ConsistentHash
{
    public string? Header { get; init; }

    public string? Cookie { get; init; }

    public string? QueryParam { get; init; }

    [JsonPropertyName("sourceIP")]
    public bool? SourceIp { get; init; }

    /// <summary>An endpoint with more than this share of the average load is passed over.</summary>
    public int? BoundedLoadPercent { get; init; }
}

internal sealed record CircuitBreaker
{
    public int? MaxConnections { get; init; }

    public int? MaxRequests { get; init; }

    /// <summary>That wait for one of those to end.</summary>
    public int? MaxPendingRequests { get; init; }

    public int? MaxRetries { get; init; }
}

internal sealed record OutlierDetection
{
    public int? ConsecutiveErrors { get; init; }

    public int? ConsecutiveGatewayErrors { get; init; }

    public string? BaseEjectionTime { get; init; }

    public string? MaxEjectionTime { get; init; }

    public int? MaxEjectionPercent { get; init; }

    /// <summary>With fewer usable endpoints than this, ejections don't count.</summary>
    public int? PanicThresholdPercent { get; init; }

    public SuccessRate? SuccessRate { get; init; }
}

internal sealed record SuccessRate
{
    public string? Interval { get; init; }

    public int? MinimumEndpoints { get; init; }

    public int? MinimumRequests { get; init; }

    public double? StandardDeviations { get; init; }
}
