using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>What the target's pods may reach outside the mesh.</summary>
internal sealed record EgressPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public EgressPolicySpec Spec { get; init => field = value ?? EgressPolicySpec.Empty; } = EgressPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => PolicyApi.EgressPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record EgressPolicySpec
{
    public static EgressPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary>Enforce or Audit.</summary>
    public string Mode { get; init => field = value ?? "Enforce"; } = "Enforce";

    /// <summary>Any that matches. None: nothing may leave.</summary>
    public IReadOnlyList<EgressRule> Allow { get; init => field = value ?? []; } = [];
}

/// <summary>All that is given must hold; of each list, one item.</summary>
internal sealed record EgressRule
{
    /// <summary>The server name of TLS or the Host of HTTP: a name, or *. and a suffix.</summary>
    public IReadOnlyList<string> Hosts { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Cidrs { get; init => field = value ?? []; } = [];

    public IReadOnlyList<int> Ports { get; init => field = value ?? []; } = [];
}
