using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Finds the Service ports a route is for.</summary>
internal static class ParentLookup
{
    public static IReadOnlyList<Attachment> Attachments(IRoute route, ServiceLookup services)
    {
        var attachments = new List<Attachment>();
        foreach (var parent in route.Parents)
        {
            // Gateways, and whatever else there is, have controllers of their own.
            if (parent is { Group: "", Kind: "Service" })
            {
                attachments.Add(Attach(route, parent, services));
            }
        }
        return attachments;
    }

    private static Attachment Attach(IRoute route, ParentReference parent, ServiceLookup services)
    {
        var id = $"{parent.Namespace ?? route.Metadata.Namespace}/{parent.Name}";
        if (services.Find(id) is not { } service)
        {
            return Refuse($"there is no Service {id}");
        }
        if (service.Spec.Type == "ExternalName" || ServiceCompiler.ClusterIps(service.Spec).Count == 0)
        {
            return Refuse($"the Service {id} has no cluster IP, by which its traffic could be told: headless and ExternalName Services can't have routes");
        }
        var named = service.Spec.Ports.Where(port => port.Protocol == "TCP"
            && (parent.Port is null || port.Port == parent.Port) && (parent.SectionName is null || port.Name == parent.SectionName)).ToList();
        if (named.Count == 0)
        {
            return Refuse($"the Service {id} has no TCP port{(parent.Port is { } number ? $" {number}" : "")}{(parent.SectionName is { } name ? $" named \"{name}\"" : "")}");
        }
        var ports = named.Where(port => CanSpeak(route, port)).Select(port => port.Port).ToList();
        if (ports.Count == 0)
        {
            return Refuse($"no port of the Service {id} that is meant is declared to speak what a {route.Kind} is for");
        }
        return new Attachment(parent, id, ports, null);

        Attachment Refuse(string message) => new(parent, id, [], new RouteCondition(RouteCondition.Accepted, false, RouteReason.NoMatchingParent, message));
    }

    // A route without a port is for all of the Service's, but must not get in the way of those that speak something else.
    private static bool CanSpeak(IRoute route, ServicePort port)
    {
        var protocol = ProtocolSelection.Of(port, out _);
        return route switch
        {
            TcpRoute => true,
            TlsRoute => protocol is Contract.Protocol.Unspecified or Contract.Protocol.Tls or Contract.Protocol.Opaque,
            _ => protocol is not (Contract.Protocol.Tls or Contract.Protocol.Opaque),
        };
    }
}
