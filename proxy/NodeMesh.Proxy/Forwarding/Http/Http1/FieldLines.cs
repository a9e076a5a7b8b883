using System.Buffers;
using System.Text;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Reads the field lines of a head or a trailer section (RFC 9112 section 5). Bare LF ends a line, as section 2.2 allows; a folded line is joined
/// by a space, as section 5.2 has a proxy do with a response; bytes that could mean another line to somebody else are refused.
/// </summary>
internal static class FieldLines
{
    public const int MaxCount = 1000;

    private static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    // All of CTL but HTAB.
    private static readonly SearchValues<byte> Forbidden = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    /// <summary>The length of a section with the empty line that ends it; 0 when that has not come yet.</summary>
    /// <param name="bytes">From the beginning of a line.</param>
    /// <param name="scanned">How much of it is known to hold no end; brought up to date.</param>
    public static int FindEnd(ReadOnlySpan<byte> bytes, ref int scanned)
    {
        if (scanned == 0 && bytes.Length > 0)
        {
            if (bytes[0] == '\n')
            {
                return 1;
            }
            if (bytes[0] == '\r')
            {
                if (bytes.Length == 1)
                {
                    return 0;
                }
                if (bytes[1] == '\n')
                {
                    return 2;
                }
            }
        }
        var at = scanned;
        while (at < bytes.Length)
        {
            var feed = bytes[at..].IndexOf((byte)'\n');
            if (feed < 0)
            {
                scanned = bytes.Length;
                return 0;
            }
            at += feed;
            var rest = bytes[(at + 1)..];
            if (rest.Length > 0 && rest[0] == '\n')
            {
                return at + 2;
            }
            if (rest.Length > 1 && rest[0] == '\r' && rest[1] == '\n')
            {
                return at + 3;
            }
            if (rest.Length == 0 || (rest.Length == 1 && rest[0] == '\r'))
            {
                scanned = at; // the end may begin with this very line feed
                return 0;
            }
            at++;
        }
        scanned = at;
        return 0;
    }

    /// <summary>Takes the next line, without its end.</summary>
    public static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> bytes)
    {
        var feed = bytes.IndexOf((byte)'\n');
        var line = bytes[..feed];
        bytes = bytes[(feed + 1)..];
        return line.Length > 0 && line[^1] == '\r' ? line[..^1] : line;
    }

    /// <param name="bytes">Whole lines, the empty one last.</param>
    /// <returns>False: malformed.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, FieldList into)
    {
        while (true)
        {
            var line = NextLine(ref bytes);
            if (line.Length == 0)
            {
                return true;
            }
            if (line[0] is (byte)' ' or (byte)'\t')
            {
                var more = Trim(line);
                if (into.Count == 0 || more.ContainsAny(Forbidden))
                {
                    return false;
                }
                into.AppendToLast(more);
                continue;
            }
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || into.Count == MaxCount)
            {
                return false;
            }
            // Section 5.1: a proxy removes whitespace between name and colon from a response.
            var name = line[..colon].TrimEnd(" \t"u8);
            var value = Trim(line[(colon + 1)..]);
            if (name.Length == 0 || name.ContainsAnyExcept(Token) || value.ContainsAny(Forbidden))
            {
                return false;
            }
            into.Add(name, value);
        }
    }

    public static bool IsToken(ReadOnlySpan<byte> bytes) => bytes.Length > 0 && !bytes.ContainsAnyExcept(Token);

    public static bool IsText(ReadOnlySpan<byte> bytes) => !bytes.ContainsAny(Forbidden);

    /// <summary>Bytes above 0x7f are nobody's business: Latin-1 carries each as it is.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => bytes.Length == 0 ? "" : Encoding.Latin1.GetString(bytes);

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> bytes) => bytes.Trim(" \t"u8);
}
