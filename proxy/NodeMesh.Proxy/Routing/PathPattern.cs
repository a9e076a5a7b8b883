using System.Text.RegularExpressions;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>What a path must be.</summary>
internal sealed class PathPattern
{
    private readonly string? _exact;
    private readonly string? _prefix;
    private readonly Regex? _regex;

    public PathPattern(PathMatch match)
    {
        switch (match.MatchCase)
        {
            case PathMatch.MatchOneofCase.Exact:
                _exact = match.Exact;
                break;
            case PathMatch.MatchOneofCase.Regex:
                _regex = RoutePattern.Expression(match.Regex);
                break;
            default:
                _prefix = match.Prefix;
                break;
        }
    }

    public bool IsMatch(ReadOnlySpan<char> path)
    {
        if (_exact is not null)
        {
            return path.SequenceEqual(_exact);
        }
        // By whole elements: /v2 is a prefix of /v2/example, not of /v2example.
        return _prefix is null
            ? _regex!.IsMatch(path)
            : path.StartsWith(_prefix) && (path.Length == _prefix.Length || path[_prefix.Length] == '/');
    }
}
