using System.Text.RegularExpressions;
using NodeMesh.Contract;
using ValueMatch = NodeMesh.Contract.ValueMatch;

namespace NodeMesh.Proxy.Routing;

/// <summary>What a header or a query parameter must be.</summary>
internal sealed class ValuePattern
{
    private readonly string? _exact;
    private readonly Regex? _regex;

    public ValuePattern(ValueMatch match)
    {
        Name = match.Name;
        if (match.MatchCase == ValueMatch.MatchOneofCase.Regex)
        {
            _regex = RoutePattern.Expression(match.Regex);
        }
        else
        {
            _exact = match.Exact;
        }
    }

    public string Name { get; }

    public bool IsMatch(string value) => _regex is null ? value == _exact : _regex.IsMatch(value);
}
