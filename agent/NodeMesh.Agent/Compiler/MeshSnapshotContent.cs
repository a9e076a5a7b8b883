using System.Collections.Immutable;

namespace NodeMesh.Agent.Compiler;

/// <summary>The mesh as the proxy is told it, by id. What did not change is the same message from one compilation to the next. Messages must not be changed.</summary>
internal sealed record MeshSnapshotContent
{
    public static MeshSnapshotContent Empty { get; } = new();

    public ImmutableSortedDictionary<string, Contract.Workload> Workloads { get; init; } = Of<Contract.Workload>();

    public ImmutableSortedDictionary<string, Contract.Service> Services { get; init; } = Of<Contract.Service>();

    /// <summary>By the id of the Service that is their parent.</summary>
    public ImmutableSortedDictionary<string, Contract.ServiceRoutes> Routes { get; init; } = Of<Contract.ServiceRoutes>();

    /// <summary>By scope.</summary>
    public ImmutableSortedDictionary<string, Contract.ScopedPolicies> Policies { get; init; } = Of<Contract.ScopedPolicies>();

    private static ImmutableSortedDictionary<string, T> Of<T>() => ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
}
