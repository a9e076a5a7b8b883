using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>Requests that a policy means.</summary>
internal sealed class RequestPattern(RequestMatch match)
{
    private readonly PathPattern? _path = match.Path is null ? null : new PathPattern(match.Path);
    private readonly ValuePattern[] _headers = [.. match.Headers.Select(header => new ValuePattern(header))];

    /// <summary>Whether any of them matches; true where there is none.</summary>
    public static bool Any(RequestPattern[] patterns, in RequestHead head)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.IsMatch(head))
            {
                return true;
            }
        }
        return patterns.Length == 0;
    }

    private bool IsMatch(in RequestHead head)
    {
        if ((match.Method.Length > 0 && head.Method != match.Method) || (_path is not null && !_path.IsMatch(head.Path)))
        {
            return false;
        }
        foreach (var header in _headers)
        {
            if (head.Field(header.Name) is not { } value || !header.IsMatch(value))
            {
                return false;
            }
        }
        return true;
    }
}
