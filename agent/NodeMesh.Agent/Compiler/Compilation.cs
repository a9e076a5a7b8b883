using System.Collections.Immutable;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Compiler;

/// <summary>Everything the resources mean for this node.</summary>
internal sealed record Compilation
{
    public static Compilation Empty { get; } = new();

    /// <summary>For the proxy.</summary>
    public MeshSnapshotContent Content { get; init; } = MeshSnapshotContent.Empty;

    /// <summary>The pods of this node, by id.</summary>
    public ImmutableSortedDictionary<string, LocalPod> LocalPods { get; init; } = ImmutableSortedDictionary.Create<string, LocalPod>(StringComparer.Ordinal);

    /// <summary>The conditions of every route that has a Service as parent, by kind/namespace/name: for the status writer and the operator.</summary>
    public ImmutableSortedDictionary<string, RouteStatus> RouteStatuses { get; init; } = ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal);

    /// <summary>The conditions of every policy, by kind/namespace/name.</summary>
    public ImmutableSortedDictionary<string, PolicyStatus> PolicyStatuses { get; init; } = ImmutableSortedDictionary.Create<string, PolicyStatus>(StringComparer.Ordinal);

    /// <summary>Every Rollout, by id.</summary>
    public ImmutableSortedDictionary<string, CompiledRollout> Rollouts { get; init; } = ImmutableSortedDictionary.Create<string, CompiledRollout>(StringComparer.Ordinal);

    /// <summary>Those of the resources and those between them, in order.</summary>
    public ImmutableArray<ResourceProblem> Problems { get; init; } = [];
}
