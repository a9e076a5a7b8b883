namespace NodeMesh.Proxy.Routing;

/// <summary>Reads a query string as forms write it.</summary>
internal static class QueryString
{
    /// <summary>The first value of a parameter, decoded; null when it is not there.</summary>
    public static string? Find(ReadOnlySpan<char> query, string name)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf('&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equals = pair.IndexOf('=');
            var key = equals < 0 ? pair : pair[..equals];
            if (key.SequenceEqual(name) || (key.ContainsAny('%', '+') && Decode(key) == name))
            {
                return equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            }
        }
        return null;
    }

    private static string Decode(ReadOnlySpan<char> text) =>
        text.ContainsAny('%', '+') ? Uri.UnescapeDataString(text.ToString().Replace('+', ' ')) : text.ToString();
}
