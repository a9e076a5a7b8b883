using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>The endpoints of a Service that has no EndpointSlice: from its selector and the pods.</summary>
internal sealed class DerivedEndpoints(Service service, IReadOnlyList<CompiledPod> pods)
{
    public void Collect(ServicePort port, List<EndpointCandidate> candidates, HashSet<ushort> opaque, ICollection<ResourceProblem> problems)
    {
        var without = new List<string>();
        foreach (var pod in pods)
        {
            if (pod.Facts.IsTerminating)
            {
                continue;
            }
            if (Target(port, pod.Facts.Pod.Spec) is not { } target)
            {
                without.Add(pod.Facts.Id);
                continue;
            }
            opaque.UnionWith(pod.Facts.OpaquePorts);
            foreach (var address in pod.EndpointAddresses())
            {
                candidates.Add(new EndpointCandidate(
                    address, target, pod.Facts.Id, pod.Facts.IsReady || service.Spec.PublishNotReadyAddresses, false, pod.Facts.Node, pod.Workload.Zone));
            }
        }
        if (without.Count > 0)
        {
            var more = without.Count == 1 ? "" : $" and of {without.Count - 1} more";
            problems.Add(new ResourceProblem("Service", service.Metadata.Id, "TargetPortNotFound",
                $"port {port.Port}: no container of {without.Min(StringComparer.Ordinal)}{more} has a TCP port named \"{port.TargetPort!.Value.Name}\"; such pods are no endpoints of it"));
        }
    }

    private static int? Target(ServicePort port, PodSpec pod) => port.TargetPort switch
    {
        null or { Name: null, Number: 0 } => port.Port,
        { Name: null, Number: var number } => number,
        { Name: var name } => Named(name, pod.Containers) ?? Named(name, pod.InitContainers),
    };

    private static int? Named(string name, IReadOnlyList<Container> containers)
    {
        foreach (var container in containers)
        {
            foreach (var port in container.Ports)
            {
                if (port.Name == name && port.Protocol == "TCP")
                {
                    return port.Port;
                }
            }
        }
        return null;
    }
}
