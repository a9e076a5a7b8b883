using System.Collections.Immutable;
using System.Net;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Discovery;

/// <summary>The mesh as the agent last compiled it. Immutable, replaced whole; a reader takes <see cref="SnapshotStore.Current"/> once per decision.</summary>
internal sealed class MeshSnapshot
{
    public static MeshSnapshot Empty { get; } = new();

    /// <summary>0: the agent has not sent one yet.</summary>
    public ulong Version { get; init; }

    internal ImmutableDictionary<string, WorkloadRecord> Workloads { get; init; } = ImmutableDictionary.Create<string, WorkloadRecord>(StringComparer.Ordinal);

    internal ImmutableDictionary<string, ServiceEntry> Services { get; init; } = ImmutableDictionary.Create<string, ServiceEntry>(StringComparer.Ordinal);

    internal ImmutableDictionary<AddressKey, WorkloadEntry> WorkloadsByAddress { get; init; } = ImmutableDictionary<AddressKey, WorkloadEntry>.Empty;

    /// <summary>By cluster IP, without a port.</summary>
    internal ImmutableDictionary<AddressKey, string> ServicesByClusterIp { get; init; } = ImmutableDictionary<AddressKey, string>.Empty;

    /// <summary>By endpoint, with its port. Names the Service, so that a change to a Service touches none of its unchanged endpoints here.</summary>
    internal ImmutableDictionary<AddressKey, ServicePortKey[]> ServicesByEndpoint { get; init; } = ImmutableDictionary<AddressKey, ServicePortKey[]>.Empty;

    /// <summary>Ids of the Services that have an endpoint in the workload.</summary>
    internal ImmutableDictionary<string, string[]> ServicesByWorkload { get; init; } = ImmutableDictionary.Create<string, string[]>(StringComparer.Ordinal);

    /// <summary>By the id of the Service that is the parent.</summary>
    internal ImmutableDictionary<string, RouteTableEntry[]> Routes { get; init; } = ImmutableDictionary.Create<string, RouteTableEntry[]>(StringComparer.Ordinal);

    /// <summary>By scope, as nodemesh.proto names them.</summary>
    internal ImmutableDictionary<string, PolicyScope> Policies { get; init; } = ImmutableDictionary.Create<string, PolicyScope>(StringComparer.Ordinal);

    /// <summary>Which policies count for what.</summary>
    public PolicyIndex PoliciesOf => field ?? Interlocked.CompareExchange(ref field, new PolicyIndex(this), null) ?? field;

    /// <summary>Who may reach what.</summary>
    public AccessIndex Access => field ?? Interlocked.CompareExchange(ref field, new AccessIndex(this), null) ?? field;

    /// <summary>Some pods may not reach all that is outside the mesh.</summary>
    public bool HasEgressRules => Policies.Values.Any(policy => policy.Egress is not null);

    public WorkloadEntry? FindWorkload(IPAddress address) => WorkloadsByAddress.GetValueOrDefault(AddressKey.From(address));

    /// <summary>The Service port behind a cluster IP; null when the address is none, or the port is not declared.</summary>
    public ServicePortEntry? FindClusterIp(IPAddress address, int port) =>
        ServicesByClusterIp.TryGetValue(AddressKey.From(address), out var service) ? FindServicePort(service, port) : null;

    /// <summary>A Service port that has this address as an endpoint (ready or not); the first by name when there are several.</summary>
    public ServicePortEntry? FindByEndpoint(IPAddress address, int port) =>
        ServicesByEndpoint.TryGetValue(AddressKey.From(address, port), out var keys) ? FindServicePort(keys[0].Service, keys[0].Port) : null;

    /// <summary>What routes say of a Service port: to callers of a namespace that has routes of its own for it those alone, to all others the Service's; null: nothing.</summary>
    public RouteTableEntry? FindRoutes(string service, int port, string callerNamespace)
    {
        if (!Routes.TryGetValue(service, out var tables))
        {
            return null;
        }
        RouteTableEntry? forAll = null;
        foreach (var table in tables)
        {
            if (table.Port != port)
            {
                continue;
            }
            if (table.Consumer.Length == 0)
            {
                forAll = table;
            }
            else if (table.Consumer == callerNamespace)
            {
                return table;
            }
        }
        return forAll;
    }

    /// <param name="service">namespace/name</param>
    public ServicePortEntry? FindServicePort(string service, int port) => Services.GetValueOrDefault(service)?.FindPort(port);
}

/// <summary>Names a Service port across snapshots. Ordered by the Service's id, then the port.</summary>
internal readonly record struct ServicePortKey(string Service, int Port) : IComparable<ServicePortKey>
{
    public int CompareTo(ServicePortKey other)
    {
        var order = string.CompareOrdinal(Service, other.Service);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }
}

/// <summary>A workload and the addresses it is found by.</summary>
internal sealed record WorkloadRecord(WorkloadEntry Entry, IPAddress[] Addresses);
