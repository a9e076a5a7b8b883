using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>Who may reach the target, and for what.</summary>
internal sealed record AuthorizationPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public AuthorizationPolicySpec Spec { get; init => field = value ?? AuthorizationPolicySpec.Empty; } = AuthorizationPolicySpec.Empty;

    /// <summary>Why what stands in the file can't be read. Such a policy closes its namespace: what it was to protect is not known.</summary>
    [JsonIgnore]
    public string? Unreadable { get; init; }

    [JsonIgnore]
    public string Kind => PolicyApi.AuthorizationPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record AuthorizationPolicySpec
{
    public static AuthorizationPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary>Allow, Deny or Audit.</summary>
    public string Action { get; init => field = value ?? "Allow"; } = "Allow";

    /// <summary>Any that matches. None: an Allow then allows nothing.</summary>
    public IReadOnlyList<AuthorizationRule> Rules { get; init => field = value ?? []; } = [];
}

internal sealed record AuthorizationRule
{
    /// <summary>Empty: from anywhere.</summary>
    public IReadOnlyList<AuthorizationSource> From { get; init => field = value ?? []; } = [];

    /// <summary>Empty: anything.</summary>
    public IReadOnlyList<AuthorizationOperation> To { get; init => field = value ?? []; } = [];
}

/// <summary>All that is given must hold; of each list, one item.</summary>
internal sealed record AuthorizationSource
{
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>namespace/name, or a name of the policy's own namespace; as the metrics name workloads.</summary>
    public IReadOnlyList<string> Workloads { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> ServiceAccounts { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Cidrs { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> ExceptCidrs { get; init => field = value ?? []; } = [];
}

/// <summary>All that is given must hold; of each list but headers, one item.</summary>
internal sealed record AuthorizationOperation
{
    /// <summary>Those the app listens on.</summary>
    public IReadOnlyList<int> Ports { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Methods { get; init => field = value ?? []; } = [];

    public IReadOnlyList<HttpPathMatch> Paths { get; init => field = value ?? []; } = [];

    /// <summary>Each one.</summary>
    public IReadOnlyList<HttpValueMatch> Headers { get; init => field = value ?? []; } = [];
}
