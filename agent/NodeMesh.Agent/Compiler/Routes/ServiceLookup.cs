using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Finds what a route refers to, and remembers what it asked for.</summary>
internal sealed class ServiceLookup(IReadOnlyDictionary<string, Service> services, ReferenceGrants grants, SecuredPorts secured, RouteFindings findings)
{
    public RouteFindings Findings => findings;

    public Service? Find(string id)
    {
        findings.Services.Add(id);
        return services.GetValueOrDefault(id);
    }

    /// <summary>null: it can't be had; the finding says why.</summary>
    /// <param name="field">Where the reference stands.</param>
    public Contract.BackendPort? Backend(IRoute route, BackendReference backend, string field)
    {
        if (backend is not { Group: "", Kind: "Service" })
        {
            var group = backend.Group.Length == 0 ? "" : $"{backend.Group}/";
            findings.Unresolved(RouteReason.InvalidKind, $"{field}: {group}{backend.Kind} is no kind of backend; only Service is");
            return null;
        }
        var home = backend.Namespace ?? route.Metadata.Namespace;
        var id = $"{home}/{backend.Name}";
        if (!MayRefer(route, home, backend.Name))
        {
            findings.Unresolved(RouteReason.RefNotPermitted,
                $"{field}: no ReferenceGrant in namespace {home} lets a {route.Kind} of namespace {route.Metadata.Namespace} refer to the Service {backend.Name}");
            return null;
        }
        var service = Find(id);
        if (service is null)
        {
            findings.Unresolved(RouteReason.BackendNotFound, $"{field}: there is no Service {id}");
            return null;
        }
        if (service.Spec.Type == "ExternalName")
        {
            findings.Unresolved(RouteReason.BackendNotFound, $"{field}: the Service {id} is an ExternalName and has no endpoints");
            return null;
        }
        var port = service.Spec.Ports.FirstOrDefault(port => port.Port == backend.Port && port.Protocol == "TCP");
        if (port is null)
        {
            findings.Unresolved(RouteReason.BackendNotFound, $"{field}: the Service {id} has no TCP port {backend.Port}");
            return null;
        }
        if (route is HttpRoute or GrpcRoute && ProtocolSelection.Of(port, out _) is var protocol
            && (protocol == Contract.Protocol.Opaque || (protocol == Contract.Protocol.Tls && !secured.Has(id, port))))
        {
            findings.Unresolved(RouteReason.UnsupportedProtocol, $"{field}: port {port.Port} of the Service {id} is declared not to speak plain HTTP, and has no BackendTLSPolicy");
            return null;
        }
        return new Contract.BackendPort { Service = id, Port = (uint)port.Port };
    }

    // Traffic of a parent may always go where its callers sent it: a consumer's route need not be granted that.
    private bool MayRefer(IRoute route, string home, string name)
    {
        var from = route.Metadata.Namespace;
        if (home == from || route.Parents.Any(parent => parent is { Group: "", Kind: "Service" } && parent.Name == name && (parent.Namespace ?? from) == home))
        {
            return true;
        }
        findings.Namespaces.Add(home);
        return grants.Permit((route.Kind, from), ("", "Service", home, name));
    }
}
