using System.Net;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Compiler;

/// <summary>The endpoints of a Service that has EndpointSlices.</summary>
internal sealed class SliceEndpoints(Service service, IReadOnlyCollection<EndpointSlice> slices, PodTable pods)
{
    /// <summary>Pods that the slices name.</summary>
    public HashSet<string> Pods { get; } = new(StringComparer.Ordinal);

    /// <summary>Addresses that the slices do not say to be a pod's.</summary>
    public HashSet<IPAddress> Addresses { get; } = [];

    public void Collect(ServicePort port, List<EndpointCandidate> candidates, HashSet<ushort> opaque)
    {
        foreach (var slice in slices)
        {
            foreach (var slicePort in slice.Ports)
            {
                if (slicePort.Protocol == "TCP" && slicePort.Name == port.Name && slicePort.Port is { } target)
                {
                    Collect(slice, target, candidates, opaque);
                }
            }
        }
    }

    public void CheckPorts(ICollection<ResourceProblem> problems)
    {
        foreach (var slice in slices)
        {
            foreach (var port in slice.Ports)
            {
                if (port.Protocol == "TCP" && !service.Spec.Ports.Any(own => own.Name == port.Name))
                {
                    problems.Add(new ResourceProblem("EndpointSlice", slice.Metadata.Id, "UnknownPort",
                        $"the port named \"{port.Name}\" is none of the Service {service.Metadata.Id}: the names must be the same"));
                }
            }
        }
    }

    private void Collect(EndpointSlice slice, int port, List<EndpointCandidate> candidates, HashSet<ushort> opaque)
    {
        if (slice.AddressType == "FQDN")
        {
            return;
        }
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.Addresses is not [var text, ..] || !Resources.Validation.Addresses.TryParse(text, out var address))
            {
                continue;
            }
            var workload = WorkloadOf(endpoint, address, slice);
            var pod = workload.Length == 0 ? null : pods.Index.Find(workload);
            opaque.UnionWith(pod?.Facts.OpaquePorts ?? []);
            var ready = endpoint.Conditions.Ready ?? true;
            candidates.Add(new EndpointCandidate(
                address, port, workload, ready,
                (endpoint.Conditions.Serving ?? ready) && endpoint.Conditions.Terminating == true,
                endpoint.NodeName.Length > 0 ? endpoint.NodeName : pod?.Facts.Node ?? "",
                endpoint.Zone.Length > 0 ? endpoint.Zone : pod?.Workload.Zone ?? ""));
        }
    }

    private string WorkloadOf(Endpoint endpoint, IPAddress address, EndpointSlice slice)
    {
        if (endpoint.TargetRef is { Kind: "Pod", Name.Length: > 0 } target)
        {
            var id = $"{(target.Namespace.Length > 0 ? target.Namespace : slice.Metadata.Namespace)}/{target.Name}";
            Pods.Add(id);
            return id;
        }
        Addresses.Add(address);
        var holder = pods.HolderOf(address) ?? "";
        if (holder.Length > 0)
        {
            Pods.Add(holder);
        }
        return holder;
    }
}
