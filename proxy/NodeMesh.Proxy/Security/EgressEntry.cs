using System.Net;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Security;

/// <summary>One EgressPolicy, ready to be asked. Immutable.</summary>
internal sealed class EgressEntry(EgressRules rules)
{
    private readonly (EgressRule Rule, IPNetwork[] Networks)[] _allow = [.. rules.Allow.Select(rule => (rule, rule.Cidrs.Select(SourcePattern.Network).ToArray()))];

    public string Policy => rules.Policy;

    public bool IsAudit => rules.Audit;

    /// <param name="host">The server name of TLS, or the Host of HTTP; null: none is known.</param>
    public bool Allows(IPEndPoint destination, string? host)
    {
        foreach (var (rule, networks) in _allow)
        {
            if ((rule.Ports.Count == 0 || rule.Ports.Contains((uint)destination.Port))
                && (networks.Length == 0 || SourcePattern.Contains(networks, destination.Address))
                && (rule.Hosts.Count == 0 || (host is not null && IsNamed(rule, host))))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsNamed(EgressRule rule, string host)
    {
        foreach (var name in rule.Hosts)
        {
            if (name.StartsWith("*.", StringComparison.Ordinal)
                ? host.Length > name.Length - 1 && host.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase)
                : host.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }
}
