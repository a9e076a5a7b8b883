using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;

namespace NodeMesh.Proxy.Discovery;

/// <summary>A Service with all its endpoints, ready or not: what the next delta is compared with.</summary>
internal sealed record ServiceEntry(string Id, IPAddress[] ClusterIps, ServicePortEntry[] Ports, EndpointSource[][] Sources)
{
    /// <summary>Builds the entry. Endpoints that <paramref name="previous"/> had too keep their load.</summary>
    public static ServiceEntry From(Service service, ServiceEntry? previous, Func<string, WorkloadEntry?> findWorkload, long now)
    {
        var sources = new EndpointSource[service.Ports.Count][];
        var ports = new ServicePortEntry[service.Ports.Count];
        for (var index = 0; index < ports.Length; index++)
        {
            var port = service.Ports[index];
            sources[index] = [.. port.Endpoints.Select(EndpointSource.From)];
            var before = previous?.FindPort((int)port.Port);
            var traffic = before?.Traffic ?? new PortTraffic();
            ports[index] = new ServicePortEntry(
                service.Id, service.Namespace, service.Name, (int)port.Port, port.Name, port.Protocol,
                Resolve(sources[index], before, traffic, findWorkload, now)) { Traffic = traffic };
        }
        return new ServiceEntry(service.Id, [.. service.ClusterIps.Select(IPAddress.Parse)], ports, sources);
    }

    /// <summary>The same Service after a workload of an endpoint changed.</summary>
    public ServiceEntry Resolved(Func<string, WorkloadEntry?> findWorkload, long now)
    {
        var ports = new ServicePortEntry[Ports.Length];
        for (var index = 0; index < ports.Length; index++)
        {
            var port = Ports[index];
            ports[index] = new ServicePortEntry(
                port.Service, port.Namespace, port.Name, port.Port, port.PortName, port.Protocol,
                Resolve(Sources[index], port, port.Traffic, findWorkload, now)) { Traffic = port.Traffic };
        }
        return this with { Ports = ports };
    }

    public ServicePortEntry? FindPort(int port)
    {
        foreach (var entry in Ports)
        {
            if (entry.Port == port)
            {
                return entry;
            }
        }
        return null;
    }

    private static EndpointEntry[] Resolve(EndpointSource[] sources, ServicePortEntry? previous, PortTraffic traffic, Func<string, WorkloadEntry?> findWorkload, long now)
    {
        var kept = new Dictionary<AddressKey, EndpointEntry>(previous?.Endpoints.Length ?? 0);
        foreach (var endpoint in previous?.Endpoints ?? [])
        {
            kept[AddressKey.From(endpoint.Address)] = endpoint;
        }

        var endpoints = new List<EndpointEntry>(sources.Length);
        foreach (var source in sources)
        {
            if (!source.Ready)
            {
                continue;
            }
            var workload = source.Workload.Length == 0 ? null : findWorkload(source.Workload);
            var old = kept.GetValueOrDefault(AddressKey.From(source.Address));
            endpoints.Add(old is not null && ReferenceEquals(old.Workload, workload)
                ? old
                : new EndpointEntry(source.Address, workload, old?.Load ?? new EndpointLoad(now, traffic)));
        }
        return [.. endpoints];
    }
}
