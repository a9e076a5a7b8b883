using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Balancing;

/// <summary>Picks an endpoint as its TrafficPolicy says; without one, the less loaded of two endpoints chosen at random ("power of two choices"): nearly as even as the least loaded of all, without the herd.</summary>
/// <param name="random">Used by many threads at once: <see cref="Random.Shared"/>, or one that locks.</param>
internal sealed class LoadBalancer(TimeProvider time, Random random)
{
    // Loads that differ by less are equal, and chance decides: at a low rate the estimates of two equal endpoints stay close to
    // each other for seconds, and the one that answered first would get everything.
    private const double ClearlyLess = 0.8;

    /// <summary>The chance everything here is left to.</summary>
    public Random Random => random;

    public DateTimeOffset Now() => time.GetUtcNow();

    /// <summary>The endpoint fails, and is to get nothing.</summary>
    public bool IsSpared(EndpointEntry endpoint) => endpoint.Load.IsSpared(time.GetTimestamp());

    /// <summary>An endpoint for a client that dialled a cluster IP of this family; null when none is ready.</summary>
    public EndpointEntry? Pick(ServicePortEntry port, AddressFamily family, in PickFacts facts = default)
    {
        var endpoints = port.EndpointsFor(family);
        if (port.Traffic.Rules is { } rules && endpoints.Length > 1)
        {
            endpoints = Near(Usable(endpoints, rules), rules.Locality, facts.Source);
            if (rules.Algorithm == BalancingAlgorithm.ConsistentHash && ConsistentHashing.Key(rules.HashKey, facts) is { } key)
            {
                return ConsistentHashing.Pick(endpoints, key, rules.BoundedLoadPercent);
            }
            var picked = Pick(endpoints, rules.Algorithm, port.Traffic);
            return rules.SlowStartMilliseconds == 0 || picked is null ? picked : SpareTheNew(picked, endpoints, rules, port.Traffic);
        }
        return LeastLoaded(endpoints);
    }

    private EndpointEntry? Pick(EndpointEntry[] endpoints, BalancingAlgorithm algorithm, PortTraffic traffic) => algorithm switch
    {
        BalancingAlgorithm.RoundRobin => endpoints[traffic.NextTurn() % endpoints.Length],
        BalancingAlgorithm.Random => endpoints[random.Next(endpoints.Length)],
        _ => LeastLoaded(endpoints),
    };

    // One that has just come is passed over by chance, the less often the older it is. Where all are new none is: they share alike.
    private EndpointEntry SpareTheNew(EndpointEntry picked, EndpointEntry[] endpoints, TrafficRules rules, PortTraffic traffic)
    {
        const int tries = 8;
        var window = rules.SlowStartMilliseconds * (System.Diagnostics.Stopwatch.Frequency / 1000);
        var now = time.GetTimestamp();
        for (var i = 0; i < tries && picked.Load.Ramp(window, now) is < 1 and var ramp && random.NextDouble() >= ramp; i++)
        {
            picked = Pick(endpoints, rules.Algorithm, traffic)!;
        }
        return picked;
    }

    private EndpointEntry? LeastLoaded(EndpointEntry[] endpoints)
    {
        if (endpoints.Length <= 1)
        {
            return endpoints.Length == 0 ? null : endpoints[0];
        }

        var first = random.Next(endpoints.Length);
        var second = random.Next(endpoints.Length - 1);
        if (second >= first)
        {
            second++;
        }
        var now = time.GetTimestamp();
        var one = endpoints[first];
        var other = endpoints[second];
        return other.Load.At(now) < ClearlyLess * one.Load.At(now) ? other : one;
    }

    // Those of the client's node, else of its zone, as far as is asked; all of them where there is none.
    private static EndpointEntry[] Near(EndpointEntry[] endpoints, Locality locality, WorkloadEntry? source)
    {
        if (locality == Locality.Anywhere || source is null)
        {
            return endpoints;
        }
        if (locality == Locality.PreferNode && source.Node.Length > 0
            && Array.FindAll(endpoints, endpoint => endpoint.Workload?.Node == source.Node) is { Length: > 0 } ofNode)
        {
            return ofNode;
        }
        return source.Zone.Length > 0 && Array.FindAll(endpoints, endpoint => endpoint.Workload?.Zone == source.Zone) is { Length: > 0 } ofZone ? ofZone : endpoints;
    }

    // Without those that fail; all when so few are left that they would fail too.
    private EndpointEntry[] Usable(EndpointEntry[] all, TrafficRules rules)
    {
        if (rules is { Outliers: null, HealthCheck: null })
        {
            return all;
        }
        var now = time.GetTimestamp();
        var usable = Array.FindAll(all, endpoint => !endpoint.Load.IsSpared(now));
        return usable.Length == 0 || usable.Length * 100L < (rules.Outliers?.PanicThresholdPercent ?? 0) * (long)all.Length ? all : usable;
    }
}
