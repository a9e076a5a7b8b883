using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>All ReferenceGrants, by the namespace they open.</summary>
internal sealed class ReferenceGrants(IEnumerable<ReferenceGrant> grants)
{
    private readonly ILookup<string, ReferenceGrant> _byNamespace = grants.ToLookup(grant => grant.Metadata.Namespace, StringComparer.Ordinal);

    /// <param name="from">Kind of group gateway.networking.k8s.io, and namespace, of who refers.</param>
    /// <param name="to">Group, kind, namespace and name of what is referred to.</param>
    public bool Permit((string Kind, string Namespace) from, (string Group, string Kind, string Namespace, string Name) to) =>
        from.Namespace == to.Namespace || _byNamespace[to.Namespace].Any(grant =>
            grant.Spec.From.Any(one => one.Group == GatewayApi.Group && one.Kind == from.Kind && one.Namespace == from.Namespace)
            && grant.Spec.To.Any(one => one.Group == to.Group && one.Kind == to.Kind && (one.Name is null || one.Name == to.Name)));
}
