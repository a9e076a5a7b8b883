using System.Buffers;

namespace NodeMesh.Proxy.Security;

/// <summary>
/// A path as servers may understand it: escapes decoded, "\" as "/", path parameters, empty and dot segments gone. Whoever denies /admin
/// means //admin, /x/../admin and /%61dmin too.
/// </summary>
internal static class NormalPath
{
    private static readonly SearchValues<char> Suspicious = SearchValues.Create("%\\;");

    /// <summary>null: it is normal already.</summary>
    public static string? Of(ReadOnlySpan<char> path)
    {
        if (path.IndexOfAny(Suspicious) < 0 && path.IndexOf("//") < 0 && path.IndexOf("/.") < 0)
        {
            return null;
        }
        var decoded = Uri.UnescapeDataString(path).Replace('\\', '/');
        var segments = new List<string>();
        foreach (var part in decoded.Split('/'))
        {
            var segment = part.IndexOf(';', StringComparison.Ordinal) is var parameters and >= 0 ? part[..parameters] : part;
            if (segment == "..")
            {
                if (segments.Count > 0)
                {
                    segments.RemoveAt(segments.Count - 1);
                }
            }
            else if (segment is not ("" or "."))
            {
                segments.Add(segment);
            }
        }
        var ending = decoded.EndsWith('/') && segments.Count > 0 ? "/" : "";
        return $"/{string.Join('/', segments)}{ending}";
    }
}
