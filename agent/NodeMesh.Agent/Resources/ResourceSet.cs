using System.Collections.Immutable;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources;

/// <summary>All declared objects at one time, by id (namespace/name), and what was wrong with the rest. Immutable.</summary>
internal sealed record ResourceSet
{
    public static ResourceSet Empty { get; } = new();

    public ImmutableSortedDictionary<string, Namespace> Namespaces { get; init; } = Of<Namespace>();

    public ImmutableSortedDictionary<string, Node> Nodes { get; init; } = Of<Node>();

    public ImmutableSortedDictionary<string, Pod> Pods { get; init; } = Of<Pod>();

    public ImmutableSortedDictionary<string, Service> Services { get; init; } = Of<Service>();

    public ImmutableSortedDictionary<string, EndpointSlice> EndpointSlices { get; init; } = Of<EndpointSlice>();

    public ImmutableSortedDictionary<string, HttpRoute> HttpRoutes { get; init; } = Of<HttpRoute>();

    public ImmutableSortedDictionary<string, GrpcRoute> GrpcRoutes { get; init; } = Of<GrpcRoute>();

    public ImmutableSortedDictionary<string, TlsRoute> TlsRoutes { get; init; } = Of<TlsRoute>();

    public ImmutableSortedDictionary<string, TcpRoute> TcpRoutes { get; init; } = Of<TcpRoute>();

    public ImmutableSortedDictionary<string, ReferenceGrant> ReferenceGrants { get; init; } = Of<ReferenceGrant>();

    public ImmutableSortedDictionary<string, AuthorizationPolicy> AuthorizationPolicies { get; init; } = Of<AuthorizationPolicy>();

    public ImmutableSortedDictionary<string, RateLimitPolicy> RateLimitPolicies { get; init; } = Of<RateLimitPolicy>();

    public ImmutableSortedDictionary<string, FaultPolicy> FaultPolicies { get; init; } = Of<FaultPolicy>();

    public ImmutableSortedDictionary<string, TrafficPolicy> TrafficPolicies { get; init; } = Of<TrafficPolicy>();

    public ImmutableSortedDictionary<string, EgressPolicy> EgressPolicies { get; init; } = Of<EgressPolicy>();

    public ImmutableSortedDictionary<string, BackendTrafficPolicy> BackendTrafficPolicies { get; init; } = Of<BackendTrafficPolicy>();

    public ImmutableSortedDictionary<string, TelemetryPolicy> TelemetryPolicies { get; init; } = Of<TelemetryPolicy>();

    public ImmutableSortedDictionary<string, BackendTlsPolicy> BackendTlsPolicies { get; init; } = Of<BackendTlsPolicy>();

    public ImmutableSortedDictionary<string, ConfigMap> ConfigMaps { get; init; } = Of<ConfigMap>();

    public ImmutableSortedDictionary<string, Rollout> Rollouts { get; init; } = Of<Rollout>();

    public ImmutableArray<ResourceProblem> Problems { get; init; } = [];

    /// <summary>False while their source can not be read, or may have changed unseen: the resources as last read stay in force.</summary>
    public bool IsCurrent { get; init; } = true;

    /// <summary>How many objects of kinds the mesh has no use for were passed over.</summary>
    public int Skipped { get; init; }

    private static ImmutableSortedDictionary<string, T> Of<T>() => ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
}
