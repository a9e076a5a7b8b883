using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;

namespace NodeMesh.Proxy.Discovery;

/// <summary>One port of a Service. Immutable but for the live load of its endpoints, which survives snapshots that keep the endpoint.</summary>
/// <param name="Service">namespace/name</param>
/// <param name="Endpoints">Ready endpoints only.</param>
internal sealed record ServicePortEntry(string Service, string Namespace, string Name, int Port, string PortName, Protocol Protocol, EndpointEntry[] Endpoints)
{
    /// <summary>What it has under way, and the rules for that.</summary>
    public PortTraffic Traffic { get; init; } = new();

    private readonly EndpointEntry[] _v4 = OfFamily(Endpoints, AddressFamily.InterNetwork);
    private readonly EndpointEntry[] _v6 = OfFamily(Endpoints, AddressFamily.InterNetworkV6);

    /// <summary>The workload that stands for all endpoints: any of them when they have one owner, null when they have several or one is no pod.</summary>
    public WorkloadEntry? CommonWorkload { get; } = FindCommonWorkload(Endpoints);

    /// <summary>The endpoints to choose from for a client that dialled an address of this family: of the same family where there are any.</summary>
    public EndpointEntry[] EndpointsFor(AddressFamily family)
    {
        var (same, other) = family == AddressFamily.InterNetworkV6 ? (_v6, _v4) : (_v4, _v6);
        return same.Length > 0 ? same : other;
    }

    private static EndpointEntry[] OfFamily(EndpointEntry[] endpoints, AddressFamily family)
    {
        var count = 0;
        foreach (var endpoint in endpoints)
        {
            count += endpoint.Address.AddressFamily == family ? 1 : 0;
        }
        if (count == endpoints.Length)
        {
            return endpoints;
        }
        return count == 0 ? [] : Array.FindAll(endpoints, endpoint => endpoint.Address.AddressFamily == family);
    }

    private static WorkloadEntry? FindCommonWorkload(EndpointEntry[] endpoints)
    {
        var first = endpoints.Length == 0 ? null : endpoints[0].Workload;
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Workload is not { } workload || workload.Owner != first!.Owner || workload.Namespace != first.Namespace)
            {
                return null;
            }
        }
        return first;
    }
}
