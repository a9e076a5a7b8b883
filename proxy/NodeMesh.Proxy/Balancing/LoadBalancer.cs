using System.Net.Sockets;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Balancing;

/// <summary>Picks the less loaded of two endpoints chosen at random ("power of two choices"): nearly as even as the least loaded of all, without the herd.</summary>
/// <param name="random">Used by many threads at once: <see cref="Random.Shared"/>, or one that locks.</param>
internal sealed class LoadBalancer(TimeProvider time, Random random)
{
    // Loads that differ by less are equal, and chance decides: at a low rate the estimates of two equal endpoints stay close to
    // each other for seconds, and the one that answered first would get everything.
    private const double ClearlyLess = 0.8;

    /// <summary>The chance everything here is left to.</summary>
    public Random Random => random;

    public DateTimeOffset Now() => time.GetUtcNow();

    /// <summary>An endpoint for a client that dialled a cluster IP of this family; null when none is ready.</summary>
    public EndpointEntry? Pick(ServicePortEntry port, AddressFamily family)
    {
        var endpoints = port.EndpointsFor(family);
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
}
