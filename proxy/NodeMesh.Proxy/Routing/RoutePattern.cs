using System.Text.RegularExpressions;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>One match of a route, ready to be tried. Immutable.</summary>
internal sealed class RoutePattern
{
    private readonly string? _exact;
    private readonly string? _prefix;
    private readonly Regex? _regex;
    private readonly string _method;
    private readonly ValuePattern[] _headers;
    private readonly ValuePattern[] _query;

    public RoutePattern(RouteMatch match, RouteRuleEntry rule)
    {
        Rule = rule;
        ServerName = match.ServerName;
        _method = match.Method;
        _headers = [.. match.Headers.Select(header => new ValuePattern(header))];
        _query = [.. match.Query.Select(parameter => new ValuePattern(parameter))];
        switch (match.Path?.MatchCase)
        {
            case PathMatch.MatchOneofCase.Exact:
                _exact = match.Path.Exact;
                break;
            case PathMatch.MatchOneofCase.Prefix:
                _prefix = match.Path.Prefix;
                break;
            case PathMatch.MatchOneofCase.Regex:
                _regex = Expression(match.Path.Regex);
                break;
        }
    }

    public RouteRuleEntry Rule { get; }

    /// <summary>Of a TLS match.</summary>
    public string ServerName { get; }

    /// <summary>How much of the path is the prefix that was matched.</summary>
    public int PrefixLength => _prefix?.Length ?? 0;

    /// <summary>The match names the method: whoever wrote it meant it.</summary>
    public bool NamesMethod => _method.Length > 0;

    public bool Matches(in RequestHead head) =>
        (_method.Length == 0 || head.Method == _method) && MatchesPath(head.Path) && MatchesHeaders(head) && MatchesQuery(head.Query);

    /// <summary>Takes time in proportion to the input whatever the expression: whoever sends requests must not be able to keep the proxy busy.</summary>
    public static Regex Expression(string whole) => new($@"\A(?:{whole})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private bool MatchesPath(ReadOnlySpan<char> path)
    {
        if (_exact is not null)
        {
            return path.SequenceEqual(_exact);
        }
        if (_prefix is not null)
        {
            // By whole elements: /v2 is a prefix of /v2/example, not of /v2example.
            return path.StartsWith(_prefix) && (path.Length == _prefix.Length || path[_prefix.Length] == '/');
        }
        return _regex?.IsMatch(path) ?? true;
    }

    private bool MatchesHeaders(in RequestHead head)
    {
        foreach (var header in _headers)
        {
            if (head.Field(header.Name) is not { } value || !header.IsMatch(value))
            {
                return false;
            }
        }
        return true;
    }

    private bool MatchesQuery(ReadOnlySpan<char> query)
    {
        foreach (var parameter in _query)
        {
            if (QueryString.Find(query, parameter.Name) is not { } value || !parameter.IsMatch(value))
            {
                return false;
            }
        }
        return true;
    }
}
