using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Discovery;

/// <summary>What counts for the requests to one Service port, or by one rule of a route.</summary>
/// <param name="Access">Of the route alone: those of Services, namespaces and the mesh are asked in front of the pod.</param>
internal sealed record EffectivePolicies(RateLimiter? RateLimit, FaultInjector? Fault, TrafficRules? Traffic, AccessRules? Access, BackendTlsEntry? BackendTls)
{
    public static EffectivePolicies None { get; } = new(null, null, null, null, null);
}
