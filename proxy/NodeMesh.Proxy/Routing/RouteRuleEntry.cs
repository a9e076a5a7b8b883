using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>A rule of a route, as it is carried out. Immutable, and so is all it holds.</summary>
internal sealed class RouteRuleEntry
{
    private readonly RouteBackend[] _backends;
    private readonly long[] _upTo;

    public RouteRuleEntry(RouteRule rule, RouteKind kind = RouteKind.HttpRoute)
    {
        Rule = rule;
        Kind = kind;
        _backends = [.. rule.Backends];
        _upTo = new long[_backends.Length];
        var sum = 0L;
        for (var i = 0; i < _backends.Length; i++)
        {
            _upTo[i] = sum += _backends[i].Weight;
        }
        IsUsable = AreUsable(rule.Filters);
        HasBackendFilters = rule.Backends.Any(backend => backend.Filters.Count > 0);
        Redirect = rule.Filters.FirstOrDefault(filter => filter.Redirect is not null)?.Redirect;
        ExternalAuth = rule.Filters.FirstOrDefault(filter => filter.ExternalAuth is not null)?.ExternalAuth;
        Cors = rule.Filters.FirstOrDefault(filter => filter.Cors is not null)?.Cors;
    }

    public RouteRule Rule { get; }

    /// <summary>Of its route.</summary>
    public RouteKind Kind { get; }

    /// <summary>namespace/name of its route.</summary>
    public string Route => Rule.Route;

    /// <summary>False: it has a filter that this mesh can't carry out, and must not leave out.</summary>
    public bool IsUsable { get; }

    public bool HasBackendFilters { get; }

    public Redirect? Redirect { get; }

    public Cors? Cors { get; }

    public ExternalAuth? ExternalAuth { get; }

    public IReadOnlyList<RouteBackend> Backends => _backends;

    /// <summary>A backend by weight; null: no traffic shall go anywhere.</summary>
    public RouteBackend? Pick(Random random)
    {
        var sum = _upTo.Length == 0 ? 0 : _upTo[^1];
        if (sum == 0)
        {
            return null;
        }
        if (_backends.Length == 1)
        {
            return _backends[0];
        }
        var at = random.NextInt64(sum);
        var index = 0;
        while (_upTo[index] <= at)
        {
            index++;
        }
        return _backends[index];
    }

    public static bool AreUsable(IEnumerable<RouteFilter> filters) =>
        filters.All(filter => filter.FilterCase is not (RouteFilter.FilterOneofCase.Unusable or RouteFilter.FilterOneofCase.None));
}
