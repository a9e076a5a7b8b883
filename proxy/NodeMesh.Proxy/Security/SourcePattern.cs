using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Security;

/// <summary>Who a rule is for. A source that is no known pod has neither namespace nor workload nor service account.</summary>
internal sealed class SourcePattern(SourceMatch match)
{
    private readonly IPNetwork[] _networks = [.. match.Cidrs.Select(Network)];
    private readonly IPNetwork[] _except = [.. match.ExceptCidrs.Select(Network)];

    public bool IsMatch(in AccessFacts facts)
    {
        var source = facts.Source;
        return (match.Namespaces.Count == 0 || (source is not null && match.Namespaces.Contains(source.Namespace)))
            && (match.Workloads.Count == 0 || (source is not null && IsNamed(match.Workloads, source.Namespace, source.Owner)))
            && (match.ServiceAccounts.Count == 0 || (source is not null && IsNamed(match.ServiceAccounts, source.Namespace, source.ServiceAccount)))
            && (_networks.Length == 0 || Contains(_networks, facts.Client))
            && !Contains(_except, facts.Client);
    }

    public static bool Contains(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A CIDR, or an address alone. Bits behind the prefix are cleared, which the framework insists on.</summary>
    public static IPNetwork Network(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var address = IPAddress.Parse(slash < 0 ? text : text[..slash]);
        var bytes = address.GetAddressBytes();
        var length = slash < 0 ? bytes.Length * 8 : int.Parse(text.AsSpan(slash + 1));
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static bool IsNamed(IEnumerable<string> names, string ns, string name)
    {
        foreach (var candidate in names)
        {
            if (candidate.Length == ns.Length + 1 + name.Length && candidate[ns.Length] == '/'
                && candidate.StartsWith(ns, StringComparison.Ordinal) && candidate.EndsWith(name, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return false;
    }
}
