using System.Collections.Immutable;
using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Discovery;

/// <summary>
/// Applies one delta to a snapshot. The maps are persistent trees: a change costs its own size times the depth, not the size of the mesh.
/// Used once, by one thread; the snapshot it starts from stays as it is.
/// </summary>
internal sealed class SnapshotBuilder
{
    private readonly MeshSnapshot _previous;
    private readonly long _now;
    private readonly ImmutableDictionary<string, WorkloadRecord>.Builder _workloads;
    private readonly ImmutableDictionary<string, ServiceEntry>.Builder _services;
    private readonly ImmutableDictionary<AddressKey, WorkloadEntry>.Builder _workloadsByAddress;
    private readonly ImmutableDictionary<AddressKey, string>.Builder _servicesByClusterIp;
    private readonly ImmutableDictionary<AddressKey, ServicePortKey[]>.Builder _servicesByEndpoint;
    private readonly ImmutableDictionary<string, string[]>.Builder _servicesByWorkload;
    private readonly ImmutableDictionary<string, RouteTableEntry[]>.Builder _routes;
    private readonly ImmutableDictionary<string, PolicyScope>.Builder _policies;

    private SnapshotBuilder(MeshSnapshot previous, MeshSnapshot start, long now)
    {
        _previous = previous;
        _now = now;
        _workloads = start.Workloads.ToBuilder();
        _services = start.Services.ToBuilder();
        _workloadsByAddress = start.WorkloadsByAddress.ToBuilder();
        _servicesByClusterIp = start.ServicesByClusterIp.ToBuilder();
        _servicesByEndpoint = start.ServicesByEndpoint.ToBuilder();
        _servicesByWorkload = start.ServicesByWorkload.ToBuilder();
        _routes = start.Routes.ToBuilder();
        _policies = start.Policies.ToBuilder();
    }

    /// <param name="now">Timestamp of the clock that the loads of new endpoints start with.</param>
    /// <exception cref="FormatException">An address of the delta is none: nothing was applied.</exception>
    public static MeshSnapshot Apply(MeshSnapshot previous, SnapshotDelta delta, long now)
    {
        // A full delta starts from nothing, but looks at what was there: live loads and unchanged workloads go on.
        var builder = new SnapshotBuilder(previous, delta.Full ? MeshSnapshot.Empty : previous, now);
        var stale = new HashSet<string>(StringComparer.Ordinal);

        // Removals first: an address or a name may move to something new within the same delta.
        foreach (var id in delta.RemovedServices)
        {
            builder.RemoveService(id);
        }
        foreach (var id in delta.RemovedWorkloads)
        {
            builder.RemoveWorkload(id, stale);
        }
        foreach (var workload in delta.Workloads)
        {
            builder.PutWorkload(workload, stale);
        }
        foreach (var service in delta.Services)
        {
            builder.PutService(ServiceEntry.From(service, previous.Services.GetValueOrDefault(service.Id), builder.FindWorkload, now));
            stale.Remove(service.Id);
        }
        foreach (var id in stale)
        {
            if (builder._services.TryGetValue(id, out var service))
            {
                builder._services[id] = service.Resolved(builder.FindWorkload, now);
            }
        }
        builder._routes.RemoveRange(delta.RemovedRoutes);
        foreach (var routes in delta.Routes)
        {
            builder._routes[routes.Service] = [.. routes.Tables.Select(table => new RouteTableEntry(table))];
        }
        builder._policies.RemoveRange(delta.RemovedPolicies);
        foreach (var policies in delta.Policies)
        {
            builder._policies[policies.Scope] = PolicyScope.From(policies, previous.Policies.GetValueOrDefault(policies.Scope));
        }
        var snapshot = builder.ToSnapshot(delta.Version);
        builder.PutTraffic(snapshot, delta);
        return snapshot;
    }

    private MeshSnapshot ToSnapshot(ulong version) => new()
    {
        Version = version,
        Workloads = _workloads.ToImmutable(),
        Services = _services.ToImmutable(),
        WorkloadsByAddress = _workloadsByAddress.ToImmutable(),
        ServicesByClusterIp = _servicesByClusterIp.ToImmutable(),
        ServicesByEndpoint = _servicesByEndpoint.ToImmutable(),
        ServicesByWorkload = _servicesByWorkload.ToImmutable(),
        Routes = _routes.ToImmutable(),
        Policies = _policies.ToImmutable(),
    };

    // Rules of how endpoints are chosen go to the ports they count for: to those that changed, or when policies did, to all.
    private void PutTraffic(MeshSnapshot snapshot, SnapshotDelta delta)
    {
        var services = delta.Full || delta.Policies.Count + delta.RemovedPolicies.Count > 0
            ? snapshot.Services.Values
            : snapshot.Services.Values.Where(service => !ReferenceEquals(service, _previous.Services.GetValueOrDefault(service.Id)));
        if (snapshot.Policies.IsEmpty && _previous.Policies.IsEmpty)
        {
            return;
        }
        foreach (var port in services.SelectMany(service => service.Ports))
        {
            var policies = snapshot.PoliciesOf.For(port, null);
            port.Traffic.Apply(policies.Traffic, policies.BackendTls, snapshot.Policies.GetValueOrDefault(port.Service), [.. port.Endpoints.Select(endpoint => endpoint.Load)]);
        }
    }

    private WorkloadEntry? FindWorkload(string id) => _workloads.TryGetValue(id, out var record) ? record.Entry : null;

    private void PutWorkload(Workload workload, HashSet<string> stale)
    {
        RemoveAddresses(workload.Id);
        var before = _previous.Workloads.GetValueOrDefault(workload.Id);
        var entry = WorkloadEntry.From(workload, before?.Entry);
        if (before is not null && before.Entry == entry)
        {
            entry = before.Entry; // Whoever compares references sees that nothing changed.
        }
        else
        {
            MarkStale(workload.Id, stale);
        }

        var addresses = new IPAddress[workload.Addresses.Count];
        for (var index = 0; index < addresses.Length; index++)
        {
            addresses[index] = IPAddress.Parse(workload.Addresses[index]);
            _workloadsByAddress[AddressKey.From(addresses[index])] = entry;
        }
        _workloads[workload.Id] = new WorkloadRecord(entry, addresses);
    }

    private void RemoveWorkload(string id, HashSet<string> stale)
    {
        RemoveAddresses(id);
        if (_workloads.Remove(id))
        {
            MarkStale(id, stale);
        }
    }

    private void RemoveAddresses(string id)
    {
        if (!_workloads.TryGetValue(id, out var record))
        {
            return;
        }
        foreach (var address in record.Addresses)
        {
            // The address may have gone to a newer pod already.
            var key = AddressKey.From(address);
            if (_workloadsByAddress.TryGetValue(key, out var holder) && holder.Id == id)
            {
                _workloadsByAddress.Remove(key);
            }
        }
    }

    private void MarkStale(string workload, HashSet<string> stale)
    {
        if (_servicesByWorkload.TryGetValue(workload, out var services))
        {
            stale.UnionWith(services);
        }
    }

    private void PutService(ServiceEntry service)
    {
        var old = _services.GetValueOrDefault(service.Id);
        var oldEndpoints = EndpointsOf(old);
        var newEndpoints = EndpointsOf(service);
        UnindexClusterIps(old);
        foreach (var (endpoint, port) in oldEndpoints)
        {
            if (!newEndpoints.Contains((endpoint, port)))
            {
                RemoveFrom(_servicesByEndpoint, endpoint, new ServicePortKey(service.Id, port));
            }
        }
        foreach (var (endpoint, port) in newEndpoints)
        {
            if (!oldEndpoints.Contains((endpoint, port)))
            {
                AddTo(_servicesByEndpoint, endpoint, new ServicePortKey(service.Id, port));
            }
        }

        var oldWorkloads = WorkloadsOf(old);
        var newWorkloads = WorkloadsOf(service);
        foreach (var workload in oldWorkloads)
        {
            if (!newWorkloads.Contains(workload))
            {
                RemoveFrom(_servicesByWorkload, workload, service.Id);
            }
        }
        foreach (var workload in newWorkloads)
        {
            if (!oldWorkloads.Contains(workload))
            {
                AddTo(_servicesByWorkload, workload, service.Id);
            }
        }

        foreach (var address in service.ClusterIps)
        {
            _servicesByClusterIp[AddressKey.From(address)] = service.Id;
        }
        _services[service.Id] = service;
    }

    private void RemoveService(string id)
    {
        if (!_services.TryGetValue(id, out var service))
        {
            return;
        }
        UnindexClusterIps(service);
        foreach (var (endpoint, port) in EndpointsOf(service))
        {
            RemoveFrom(_servicesByEndpoint, endpoint, new ServicePortKey(id, port));
        }
        foreach (var workload in WorkloadsOf(service))
        {
            RemoveFrom(_servicesByWorkload, workload, id);
        }
        _services.Remove(id);
    }

    private void UnindexClusterIps(ServiceEntry? service)
    {
        foreach (var address in service?.ClusterIps ?? [])
        {
            var key = AddressKey.From(address);
            if (_servicesByClusterIp.TryGetValue(key, out var holder) && holder == service!.Id)
            {
                _servicesByClusterIp.Remove(key);
            }
        }
    }

    private static HashSet<(AddressKey Endpoint, int Port)> EndpointsOf(ServiceEntry? service)
    {
        var endpoints = new HashSet<(AddressKey, int)>();
        for (var index = 0; index < (service?.Ports.Length ?? 0); index++)
        {
            foreach (var source in service!.Sources[index])
            {
                endpoints.Add((AddressKey.From(source.Address), service.Ports[index].Port));
            }
        }
        return endpoints;
    }

    private static HashSet<string> WorkloadsOf(ServiceEntry? service)
    {
        var workloads = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sources in service?.Sources ?? [])
        {
            foreach (var source in sources)
            {
                if (source.Workload.Length > 0)
                {
                    workloads.Add(source.Workload);
                }
            }
        }
        return workloads;
    }

    // The lists are short (most endpoints stand behind one Service) and sorted, so that the first one does not depend on the order of arrival.
    private static void AddTo<TKey, TValue>(ImmutableDictionary<TKey, TValue[]>.Builder map, TKey key, TValue value)
        where TKey : notnull
    {
        TValue[] values = map.TryGetValue(key, out var present) ? [.. present, value] : [value];
        Array.Sort(values);
        map[key] = values;
    }

    private static void RemoveFrom<TKey, TValue>(ImmutableDictionary<TKey, TValue[]>.Builder map, TKey key, TValue value)
        where TKey : notnull
        where TValue : IEquatable<TValue>
    {
        if (!map.TryGetValue(key, out var present))
        {
            return;
        }
        var values = Array.FindAll(present, one => !one.Equals(value));
        if (values.Length == 0)
        {
            map.Remove(key);
        }
        else
        {
            map[key] = values;
        }
    }
}
