using System.Buffers;

namespace NodeMesh.Contract.AccessLogs;

/// <summary>Which header fields an access log may have.</summary>
public static class LoggedHeader
{
    private const int MaxLength = 256;

    // Those of a token (RFC 9110, section 5.6.2) but %, which ends an operator.
    private static readonly SearchValues<char> Characters = SearchValues.Create("!#$&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly HashSet<string> Credentials = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

    /// <returns>Its name in lower case.</returns>
    /// <exception cref="FormatException">Says why it may not.</exception>
    public static string Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxLength || name.AsSpan().ContainsAnyExcept(Characters))
        {
            throw new FormatException($"\"{name}\" is no name of a header field");
        }
        var lower = name.ToLowerInvariant();
        return Credentials.Contains(lower) ? throw new FormatException($"{lower} holds credentials, which are not logged") : lower;
    }
}
