using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>What is to be said in the status of a route or policy: of each thing it is attached to, how far it is in force there.</summary>
/// <param name="IsPolicy">Whether status.ancestors says it, or status.parents.</param>
internal sealed record ObjectStatus(string Kind, string Namespace, string Name, string? Uid, long Generation, bool IsPolicy, IReadOnlyList<ParentStatus> Attachments)
{
    public string List => IsPolicy ? "ancestors" : "parents";

    public string Reference => IsPolicy ? "ancestorRef" : "parentRef";

    public static ObjectStatus Of(RouteStatus route) => new(route.Kind, route.Namespace, route.Name, route.Uid, route.Generation, false, route.Parents);

    public static ObjectStatus Of(PolicyStatus policy) => new(
        policy.Kind, policy.Namespace, policy.Name, policy.Uid, policy.Generation, true,
        [.. policy.Targets.Select(target => new ParentStatus(Ancestor(target, policy), target.Conditions))]);

    public bool Equals(ObjectStatus? other) =>
        other is not null && Kind == other.Kind && Namespace == other.Namespace && Name == other.Name && Uid == other.Uid && Generation == other.Generation
        && Attachments.SequenceEqual(other.Attachments);

    public override int GetHashCode() => HashCode.Combine(Kind, Namespace, Name, Generation);

    // What is said of a policy as a whole is said of its namespace: an ancestor must be named.
    private static ParentReference Ancestor(TargetStatus status, PolicyStatus policy) => status.Target is { } target
        ? new ParentReference { Group = target.Group, Kind = target.Kind, Name = target.Name, SectionName = target.SectionName }
        : new ParentReference { Group = "", Kind = "Namespace", Name = policy.Namespace };
}
