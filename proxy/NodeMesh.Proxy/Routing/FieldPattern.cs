using System.Text.RegularExpressions;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>What a header field must be.</summary>
internal sealed class FieldPattern(ValueMatch match)
{
    private readonly Regex? _regex = match.MatchCase == ValueMatch.MatchOneofCase.Regex
        ? new Regex($@"\A(?:{match.Regex})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)
        : null;

    public bool IsMatch(in RequestHead head) => head.Field(match.Name) is { } value && (_regex?.IsMatch(value) ?? value == match.Exact);
}
