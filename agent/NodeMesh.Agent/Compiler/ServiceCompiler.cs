using System.Net;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Compiler;

/// <summary>Compiles one Service.</summary>
internal sealed class ServiceCompiler(PodTable pods)
{
    /// <param name="slices">In order of their ids. None: endpoints come from the selector.</param>
    /// <param name="clusterIps">Those that no older Service has.</param>
    public CompiledService Compile(Service service, Namespace? home, IReadOnlyCollection<EndpointSlice> slices, IReadOnlyList<IPAddress> clusterIps)
    {
        if (service.Spec.Type == "ExternalName")
        {
            return new CompiledService(null, [], [], []);
        }
        var problems = new List<ResourceProblem>();
        var message = new Contract.Service { Id = service.Metadata.Id, Namespace = service.Metadata.Namespace, Name = service.Metadata.Name };
        foreach (var address in clusterIps)
        {
            message.ClusterIps.Add(address.ToString());
        }

        var opaquePorts = AnnotationList.Ports("Service", service.Metadata, MeshLabels.OpaquePorts, problems);
        // The Namespace's own mistakes are reported once, on the Namespace.
        var opaqueInNamespace = home is null ? [] : AnnotationList.Ports("Namespace", home.Metadata, MeshLabels.OpaquePorts, []);
        var given = new SliceEndpoints(service, slices, pods);
        var derived = slices.Count > 0
            ? null
            : new DerivedEndpoints(service, [.. pods.Index.Select(service.Metadata.Namespace, service.Spec.Selector)]);
        given.CheckPorts(problems);
        foreach (var port in service.Spec.Ports)
        {
            if (port.Protocol != "TCP")
            {
                continue;
            }
            var candidates = new List<EndpointCandidate>();
            var opaqueTargets = new HashSet<ushort>(opaqueInNamespace);
            if (derived is null)
            {
                given.Collect(port, candidates, opaqueTargets);
            }
            else
            {
                derived.Collect(port, candidates, opaqueTargets, problems);
            }
            var isOpaque = opaquePorts.Contains((ushort)port.Port) || opaqueInNamespace.Contains((ushort)port.Port)
                || (opaqueTargets.Count > 0 && candidates.Exists(candidate => opaqueTargets.Contains((ushort)candidate.Port)));
            var compiled = new Contract.ServicePort
            {
                Name = port.Name,
                Port = (uint)port.Port,
                Protocol = isOpaque ? Contract.Protocol.Opaque : Declared(service, port, problems),
            };
            compiled.Endpoints.AddRange(EndpointCandidate.Settle(candidates));
            message.Ports.Add(compiled);
        }
        return new CompiledService(message, problems.Count == 0 ? [] : problems, given.Pods, given.Addresses);
    }

    /// <summary>The cluster IPs that a Service asks for; none when it is headless.</summary>
    public static IReadOnlyList<IPAddress> ClusterIps(ServiceSpec spec)
    {
        if (spec.Type == "ExternalName")
        {
            return [];
        }
        var addresses = new List<IPAddress>(2);
        foreach (var text in spec.ClusterIPs.Count > 0 ? spec.ClusterIPs : [spec.ClusterIP])
        {
            if (Addresses.TryParse(text, out var address) && !addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }
        return addresses;
    }

    private static Contract.Protocol Declared(Service service, ServicePort port, List<ResourceProblem> problems)
    {
        var protocol = ProtocolSelection.Of(port, out var isKnown);
        if (!isKnown)
        {
            problems.Add(new ResourceProblem("Service", service.Metadata.Id, "UnknownAppProtocol",
                $"port {port.Port}: appProtocol \"{port.AppProtocol}\" is not known; the first bytes of each connection decide"));
        }
        return protocol;
    }
}
