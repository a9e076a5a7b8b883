using System.Collections.Frozen;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Which kinds the mesh reads, which it passes over, and which are mistakes.</summary>
internal static class Kinds
{
    public static ResourceKind Namespace { get; } = new ResourceKind<Namespace>(
        "Namespace", "v1", "namespaces", ModelJson.Default.Namespace,
        (it, metadata) => it with { Metadata = metadata }, set => set.Namespaces, (set, all) => set with { Namespaces = all })
    {
        IsNamespaced = false,
    };

    public static ResourceKind Node { get; } = new ResourceKind<Node>(
        "Node", "v1", "nodes", ModelJson.Default.Node,
        (it, metadata) => it with { Metadata = metadata }, set => set.Nodes, (set, all) => set with { Nodes = all })
    {
        IsNamespaced = false,
    };

    public static ResourceKind Pod { get; } = new ResourceKind<Pod>(
        "Pod", "v1", "pods", ModelJson.Default.Pod,
        (it, metadata) => it with { Metadata = metadata }, set => set.Pods, (set, all) => set with { Pods = all });

    public static ResourceKind Service { get; } = new ResourceKind<Service>(
        "Service", "v1", "services", ModelJson.Default.Service,
        (it, metadata) => it with { Metadata = metadata }, set => set.Services, (set, all) => set with { Services = all });

    public static ResourceKind EndpointSlice { get; } = new ResourceKind<EndpointSlice>(
        "EndpointSlice", "discovery.k8s.io/v1", "endpointslices", ModelJson.Default.EndpointSlice,
        (it, metadata) => it with { Metadata = metadata }, set => set.EndpointSlices, (set, all) => set with { EndpointSlices = all });

    public static ResourceKind HttpRoute { get; } = new ResourceKind<HttpRoute>(
        GatewayApi.HttpRoute, $"{GatewayApi.Group}/v1", "httproutes", ModelJson.Default.HttpRoute,
        (it, metadata) => it with { Metadata = metadata }, set => set.HttpRoutes, (set, all) => set with { HttpRoutes = all })
    {
        OtherVersions = [$"{GatewayApi.Group}/v1beta1"],
    };

    public static ResourceKind GrpcRoute { get; } = new ResourceKind<GrpcRoute>(
        GatewayApi.GrpcRoute, $"{GatewayApi.Group}/v1", "grpcroutes", ModelJson.Default.GrpcRoute,
        (it, metadata) => it with { Metadata = metadata }, set => set.GrpcRoutes, (set, all) => set with { GrpcRoutes = all });

    public static ResourceKind TlsRoute { get; } = new ResourceKind<TlsRoute>(
        GatewayApi.TlsRoute, $"{GatewayApi.Group}/v1", "tlsroutes", ModelJson.Default.TlsRoute,
        (it, metadata) => it with { Metadata = metadata }, set => set.TlsRoutes, (set, all) => set with { TlsRoutes = all })
    {
        OtherVersions = [$"{GatewayApi.Group}/v1alpha3", $"{GatewayApi.Group}/v1alpha2"],
    };

    public static ResourceKind TcpRoute { get; } = new ResourceKind<TcpRoute>(
        GatewayApi.TcpRoute, $"{GatewayApi.Group}/v1", "tcproutes", ModelJson.Default.TcpRoute,
        (it, metadata) => it with { Metadata = metadata }, set => set.TcpRoutes, (set, all) => set with { TcpRoutes = all })
    {
        OtherVersions = [$"{GatewayApi.Group}/v1alpha2"],
    };

    public static ResourceKind ReferenceGrant { get; } = new ResourceKind<ReferenceGrant>(
        GatewayApi.ReferenceGrant, $"{GatewayApi.Group}/v1", "referencegrants", ModelJson.Default.ReferenceGrant,
        (it, metadata) => it with { Metadata = metadata }, set => set.ReferenceGrants, (set, all) => set with { ReferenceGrants = all })
    {
        OtherVersions = [$"{GatewayApi.Group}/v1beta1"],
    };

    public static ResourceKind AuthorizationPolicy { get; } = new ResourceKind<AuthorizationPolicy>(
        PolicyApi.AuthorizationPolicy, PolicyApi.Version, "authorizationpolicies", ModelJson.Default.AuthorizationPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.AuthorizationPolicies, (set, all) => set with { AuthorizationPolicies = all })
    {
        Unreadable = (metadata, why) => new AuthorizationPolicy { Metadata = metadata, Unreadable = why },
    };

    public static ResourceKind RateLimitPolicy { get; } = new ResourceKind<RateLimitPolicy>(
        PolicyApi.RateLimitPolicy, PolicyApi.Version, "ratelimitpolicies", ModelJson.Default.RateLimitPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.RateLimitPolicies, (set, all) => set with { RateLimitPolicies = all });

    public static ResourceKind FaultPolicy { get; } = new ResourceKind<FaultPolicy>(
        PolicyApi.FaultPolicy, PolicyApi.Version, "faultpolicies", ModelJson.Default.FaultPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.FaultPolicies, (set, all) => set with { FaultPolicies = all });

    public static ResourceKind TrafficPolicy { get; } = new ResourceKind<TrafficPolicy>(
        PolicyApi.TrafficPolicy, PolicyApi.Version, "trafficpolicies", ModelJson.Default.TrafficPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.TrafficPolicies, (set, all) => set with { TrafficPolicies = all });

    public static ResourceKind EgressPolicy { get; } = new ResourceKind<EgressPolicy>(
        PolicyApi.EgressPolicy, PolicyApi.Version, "egresspolicies", ModelJson.Default.EgressPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.EgressPolicies, (set, all) => set with { EgressPolicies = all });

    public static ResourceKind TelemetryPolicy { get; } = new ResourceKind<TelemetryPolicy>(
        PolicyApi.TelemetryPolicy, PolicyApi.Version, "telemetrypolicies", ModelJson.Default.TelemetryPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.TelemetryPolicies, (set, all) => set with { TelemetryPolicies = all });

    public static ResourceKind Rollout { get; } = new ResourceKind<Rollout>(
        PolicyApi.Rollout, PolicyApi.Version, "rollouts", ModelJson.Default.Rollout,
        (it, metadata) => it with { Metadata = metadata }, set => set.Rollouts, (set, all) => set with { Rollouts = all });

    public static ResourceKind BackendTrafficPolicy { get; } = new ResourceKind<BackendTrafficPolicy>(
        GatewayApi.BackendTrafficPolicy, $"{GatewayApi.ExperimentalGroup}/v1alpha1", "xbackendtrafficpolicies", ModelJson.Default.BackendTrafficPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.BackendTrafficPolicies, (set, all) => set with { BackendTrafficPolicies = all });

    public static ResourceKind BackendTlsPolicy { get; } = new ResourceKind<BackendTlsPolicy>(
        GatewayApi.BackendTlsPolicy, $"{GatewayApi.Group}/v1", "backendtlspolicies", ModelJson.Default.BackendTlsPolicy,
        (it, metadata) => it with { Metadata = metadata }, set => set.BackendTlsPolicies, (set, all) => set with { BackendTlsPolicies = all })
    {
        OtherVersions = [$"{GatewayApi.Group}/v1alpha3"],
    };

    public static ResourceKind ConfigMap { get; } = new ResourceKind<ConfigMap>(
        "ConfigMap", "v1", "configmaps", ModelJson.Default.ConfigMap,
        (it, metadata) => it with { Metadata = metadata }, set => set.ConfigMaps, (set, all) => set with { ConfigMaps = all })
    {
        IsReadByReference = true,
    };

    /// <summary>Every kind that is read, from files and from the Kubernetes API: a new one is added here, and nowhere else.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } = 
    [
        Namespace, Node, Pod, Service, EndpointSlice, HttpRoute, GrpcRoute, TlsRoute, TcpRoute, ReferenceGrant,
        AuthorizationPolicy, RateLimitPolicy, FaultPolicy, TrafficPolicy, EgressPolicy, BackendTrafficPolicy, TelemetryPolicy, BackendTlsPolicy, ConfigMap, Rollout,
    ];

    private static readonly FrozenDictionary<string, ResourceKind> ByName = All.ToFrozenDictionary(kind => kind.Name);

    /// <summary>The rest of the core group: of no use here, but no mistake either.</summary>
    private static readonly FrozenSet<string> OtherCoreKinds = FrozenSet.Create(
        "Binding", "ComponentStatus", "Endpoints", "Event", "LimitRange", "PersistentVolume", "PersistentVolumeClaim",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount");

    /// <summary>The rest of the Gateway API.</summary>
    private static readonly FrozenSet<string> OtherGatewayKinds = FrozenSet.Create(
        "Gateway", "GatewayClass", "ListenerSet", "UDPRoute");

    /// <summary>The kind an object is read as; null: it is not read.</summary>
    /// <param name="complaint">Set when it looks like one that should be read, but can not be; else the object is of no use to the mesh.</param>
    public static ResourceKind? Find(string apiVersion, string kind, out string? complaint)
    {
        complaint = null;
        if (ByName.TryGetValue(kind, out var known))
        {
            if (apiVersion == known.ApiVersion || known.OtherVersions.Contains(apiVersion))
            {
                return known;
            }
            // A Service of another group, such as Knative's, is another thing; a Service of v2, or an EndpointSlice of v1, is a mistake.
            if (Group(apiVersion) == known.Group || IsOurs(apiVersion))
            {
                complaint = $"{kind} is read as {known.ApiVersion}, not as {apiVersion}";
            }
            return null;
        }
        if (IsOurs(apiVersion) && !(apiVersion == "v1" && OtherCoreKinds.Contains(kind))
            && !(Group(apiVersion) == GatewayApi.Group && OtherGatewayKinds.Contains(kind)))
        {
            var meant = ByName.Keys.FirstOrDefault(name => name.Equals(kind, StringComparison.OrdinalIgnoreCase));
            complaint = $"{apiVersion} has no kind {kind}" + (meant is null ? "" : $": {meant} is meant, perhaps");
        }
        return null;
    }

    public static ResourceKind? Named(string? kind) => kind is null ? null : ByName.GetValueOrDefault(kind);

    private static bool IsOurs(string apiVersion) => Group(apiVersion) is "" or "discovery.k8s.io" or GatewayApi.Group or "nodemesh.io";

    private static string Group(string apiVersion) => apiVersion.IndexOf('/') is var slash && slash < 0 ? "" : apiVersion[..slash];
}
