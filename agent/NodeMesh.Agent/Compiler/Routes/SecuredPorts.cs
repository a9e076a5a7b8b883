using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>The Services, and ports of them, with which the mesh speaks TLS itself.</summary>
internal sealed class SecuredPorts(IEnumerable<BackendTlsPolicy> policies)
{
    private readonly HashSet<(string Service, string? Port)> _ports =
    [
        .. from policy in policies
           from target in policy.Targets
           where target is { Group: "", Kind: "Service" }
           select ($"{policy.Metadata.Namespace}/{target.Name}", target.SectionName),
    ];

    public bool Has(string service, ServicePort port) => _ports.Contains((service, null)) || _ports.Contains((service, port.Name));

    /// <summary>The Services of which these say something else than those.</summary>
    public IEnumerable<string> DifferFrom(SecuredPorts others)
    {
        var differ = new HashSet<(string Service, string? Port)>(_ports);
        differ.SymmetricExceptWith(others._ports);
        return differ.Select(port => port.Service).Distinct();
    }
}
