using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>The routes of one Service port for some callers, ready to be tried. Immutable.</summary>
internal sealed class RouteTableEntry
{
    private readonly RoutePattern[] _patterns;

    public RouteTableEntry(RouteTable table)
    {
        Port = (int)table.Port;
        Consumer = table.ConsumerNamespace;
        Kind = table.Kind;
        var rules = table.Rules.Select(rule => new RouteRuleEntry(rule, table.Kind)).ToArray();
        _patterns = [.. table.Matches.Select(match => new RoutePattern(match, rules[(int)match.Rule]))];
    }

    public int Port { get; }

    /// <summary>Empty: for every caller whose namespace has no table of its own.</summary>
    public string Consumer { get; }

    public RouteKind Kind { get; }

    /// <summary>Requests are routed one by one, rather than connections.</summary>
    public bool IsHttp => Kind is RouteKind.HttpRoute or RouteKind.GrpcRoute;

    /// <summary>null: no rule is for this request.</summary>
    public RoutePattern? Find(in RequestHead head)
    {
        foreach (var pattern in _patterns)
        {
            if (pattern.Matches(head))
            {
                return pattern;
            }
        }
        return null;
    }

    /// <summary>The rule for a connection; null: none.</summary>
    /// <param name="serverName">As the TLS handshake names it; null: it doesn't, or there is none.</param>
    public RouteRuleEntry? FindByServerName(string? serverName)
    {
        foreach (var pattern in _patterns)
        {
            if (IsFor(pattern.ServerName, serverName))
            {
                return pattern.Rule;
            }
        }
        return null;
    }

    private static bool IsFor(string pattern, string? name) =>
        pattern.Length == 0
        || (name is not null && (pattern.StartsWith("*.", StringComparison.Ordinal)
            ? name.Length > pattern.Length - 1 && name.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
            : name.Equals(pattern, StringComparison.OrdinalIgnoreCase)));
}
