using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>XBackendTrafficPolicy of the Gateway API's experimental channel: how much of a Service's traffic may be retries, and whether its sessions stay where they began.</summary>
internal sealed record BackendTrafficPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public BackendTrafficPolicySpec Spec { get; init => field = value ?? BackendTrafficPolicySpec.Empty; } = BackendTrafficPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.BackendTrafficPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record BackendTrafficPolicySpec
{
    public static BackendTrafficPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    public RetryConstraint? RetryConstraint { get; init; }

    public RouteSessionPersistence? SessionPersistence { get; init; }
}

internal sealed record RetryConstraint
{
    public RetryBudgetShare? Budget { get; init; }

    public RetryRate? MinRetryRate { get; init; }
}

internal sealed record RetryBudgetShare
{
    public int? Percent { get; init; }

    public string? Interval { get; init; }
}

internal sealed record RetryRate
{
    public int? Count { get; init; }

    public string? Interval { get; init; }
}
