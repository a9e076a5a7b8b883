using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>Failures made on purpose, to see how clients of the target take them.</summary>
internal sealed record FaultPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public FaultPolicySpec Spec { get; init => field = value ?? FaultPolicySpec.Empty; } = FaultPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => PolicyApi.FaultPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record FaultPolicySpec
{
    public static FaultPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary>The first that matches a request is thrown for it.</summary>
    public IReadOnlyList<Fault> Faults { get; init => field = value ?? []; } = [];
}

internal sealed record Fault
{
    /// <summary>Any that matches; empty: all requests, and connections that are no HTTP.</summary>
    public IReadOnlyList<RequestMatch> Matches { get; init => field = value ?? []; } = [];

    /// <summary>Of those that match; absent: all.</summary>
    public double? Percentage { get; init; }

    public string? Delay { get; init; }

    public FaultAbort? Abort { get; init; }
}

/// <summary>Exactly one of them.</summary>
internal sealed record FaultAbort
{
    public int? HttpStatus { get; init; }

    public int? GrpcStatus { get; init; }

    public bool? Reset { get; init; }
}
