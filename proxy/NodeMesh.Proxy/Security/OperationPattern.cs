using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Security;

/// <summary>What a rule is about.</summary>
internal sealed class OperationPattern(OperationMatch match)
{
    private readonly PathPattern[] _paths = [.. match.Paths.Select(path => new PathPattern(path))];
    private readonly ValuePattern[] _headers = [.. match.Headers.Select(header => new ValuePattern(header))];

    private bool IsAboutRequests => match.Methods.Count > 0 || _paths.Length > 0 || _headers.Length > 0;

    /// <summary>By the connection alone.</summary>
    public Certainty Match(int port) =>
        match.Ports.Count > 0 && !match.Ports.Contains((uint)port) ? Certainty.No
        : IsAboutRequests ? Certainty.Perhaps
        : Certainty.Yes;

    /// <param name="normalPath">The path as servers may understand it, where that differs.</param>
    /// <param name="isDenial">Then one form of the path that matches is enough; to be allowed, both must.</param>
    public bool IsMatch(int port, in RequestHead head, string? normalPath, bool isDenial)
    {
        if (Match(port) == Certainty.No || (match.Methods.Count > 0 && !match.Methods.Contains(head.Method)))
        {
            return false;
        }
        if (_paths.Length > 0)
        {
            var asSent = Any(head.Path);
            if (normalPath is null ? !asSent : isDenial ? !asSent && !Any(normalPath) : !asSent || !Any(normalPath))
            {
                return false;
            }
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

    private bool Any(ReadOnlySpan<char> path)
    {
        foreach (var pattern in _paths)
        {
            if (pattern.IsMatch(path))
            {
                return true;
            }
        }
        return false;
    }
}
