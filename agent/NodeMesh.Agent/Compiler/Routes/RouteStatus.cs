using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>What the Gateway API wants to be said of a route: for each parent that is a Service, how far the route is in force there.</summary>
/// <param name="Generation">Of the route this was said of: every condition's observedGeneration.</param>
internal sealed record RouteStatus(string Kind, string Namespace, string Name, string? Uid, long Generation, IReadOnlyList<ParentStatus> Parents)
{
    /// <summary>Kind/namespace/name</summary>
    public string Key => $"{Kind}/{Namespace}/{Name}";

    public bool Equals(RouteStatus? other) =>
        other is not null && Key == other.Key && Uid == other.Uid && Generation == other.Generation && Parents.SequenceEqual(other.Parents);

    public override int GetHashCode() => HashCode.Combine(Key, Uid, Generation);
}

/// <param name="Parent">As the route names it.</param>
internal sealed record ParentStatus(ParentReference Parent, IReadOnlyList<RouteCondition> Conditions)
{
    public bool Equals(ParentStatus? other) => other is not null && Parent == other.Parent && Conditions.SequenceEqual(other.Conditions);

    public override int GetHashCode() => HashCode.Combine(Parent, Conditions.Count);
}
