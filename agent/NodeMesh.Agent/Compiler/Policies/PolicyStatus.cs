using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>For each target of a policy, how far it is in force there.</summary>
/// <param name="Generation">Of the policy this was said of: every condition's observedGeneration.</param>
internal sealed record PolicyStatus(string Kind, string Namespace, string Name, string? Uid, long Generation, IReadOnlyList<TargetStatus> Targets)
{
    /// <summary>Kind/namespace/name</summary>
    public string Key => $"{Kind}/{Namespace}/{Name}";

    public bool Equals(PolicyStatus? other) =>
        other is not null && Key == other.Key && Uid == other.Uid && Generation == other.Generation && Targets.SequenceEqual(other.Targets);

    public override int GetHashCode() => HashCode.Combine(Key, Uid, Generation);
}

/// <param name="Target">As the policy names it; null: the policy as a whole.</param>
internal sealed record TargetStatus(TargetReference? Target, IReadOnlyList<RouteCondition> Conditions)
{
    public bool Equals(TargetStatus? other) => other is not null && Target == other.Target && Conditions.SequenceEqual(other.Conditions);

    public override int GetHashCode() => HashCode.Combine(Target, Conditions.Count);
}
