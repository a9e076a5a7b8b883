using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;

namespace NodeMesh.Proxy.Discovery;

/// <summary>What counts for the requests to one Service port, or by one rule of a route.</summary>
internal sealed record EffectivePolicies(RateLimiter? RateLimit, FaultInjector? Fault, TrafficRules? Traffic)
{
    public static EffectivePolicies None { get; } = new(null, null, null);
}
