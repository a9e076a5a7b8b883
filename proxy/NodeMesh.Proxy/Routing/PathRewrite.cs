using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>Puts another path in place of a request's, and leaves its query as it is.</summary>
internal static class PathRewrite
{
    /// <param name="prefixLength">Of the prefix that the match matched.</param>
    public static string Apply(PathModifier? path, string target, int prefixLength)
    {
        if (path is null || path.PathCase == PathModifier.PathOneofCase.None)
        {
            return target;
        }
        var end = target.IndexOf('?');
        var old = end < 0 ? target.AsSpan() : target.AsSpan(0, end);
        var query = end < 0 ? default : target.AsSpan(end);
        if (path.PathCase == PathModifier.PathOneofCase.Full)
        {
            return string.Concat(path.Full.StartsWith('/') ? path.Full : $"/{path.Full}", query);
        }
        // What follows the prefix begins with a slash, or is nothing.
        var prefix = path.Prefix.TrimEnd('/');
        var rest = old[Math.Min(prefixLength, old.Length)..];
        if (prefix.Length == 0 && rest.Length == 0)
        {
            return string.Concat("/", query);
        }
        return string.Concat(prefix.Length == 0 || prefix[0] == '/' ? prefix : $"/{prefix}", rest, query);
    }
}
