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
}

internal sealed record LoadBalancing
{
    /// <summary>LeastRequest, RoundRobin, Random or ConsistentHash.</summary>
    public string Algorithm { get; init => field = value ?? "LeastRequest"; } = "LeastRequest";

    public ConsistentHash? ConsistentHash { get; init; }

    /// <summary>None, PreferZone or PreferNode.</summary>
    public string Locality { get; init => field = value ?? "None"; } = "None";
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
}
