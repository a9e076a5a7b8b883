using System.Text;

namespace NodeMesh.Proxy.Detection;

/// <summary>
/// Tells a protocol from the first bytes a client sent. Pure: it is shown everything that has come so far, from the
/// beginning, and never more than <see cref="MaxBytes"/>.
/// </summary>
internal static class Detector
{
    /// <summary>More does not change a verdict: the longest TLS record, and more than a request line needs.</summary>
    public const int MaxBytes = 5 + 16 * 1024;

    private const int MaxMethod = 24;

    // Only a prefix of these is worth waiting for; a line that is whole may have any method. Without the list, a client
    // that says "ruok" and waits for an answer would wait for us.
    private static readonly byte[][] Methods =
    [
        .. new[]
        {
            "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
            "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "MKCALENDAR",
            "PURGE", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "QUERY",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    public static Verdict Classify(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return Verdict.Undecided;
        }
        if (bytes[0] == ClientHello.HandshakeRecord)
        {
            return ClientHello.Classify(bytes);
        }
        var preface = Preface;
        if (bytes[0] == preface[0] && bytes.CommonPrefixLength(preface) is var common && (common == preface.Length || common == bytes.Length))
        {
            return common == preface.Length ? Verdict.Http2 : Verdict.Undecided;
        }
        return ClassifyRequestLine(bytes);
    }

    /// <summary>RFC 9113, 3.4.</summary>
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private static Verdict ClassifyRequestLine(ReadOnlySpan<byte> bytes)
    {
        // RFC 9112, 2.2: empty lines before the request line are to be ignored.
        bytes = bytes.TrimStart("\r\n"u8);
        if (bytes.IsEmpty)
        {
            return Verdict.Undecided;
        }
        var space = bytes.IndexOf((byte)' ');
        if (space < 0)
        {
            return IsPrefixOfMethod(bytes) ? Verdict.Undecided : Verdict.Opaque;
        }
        if (space is 0 or > MaxMethod || bytes[..space].ContainsAnyExcept(TokenBytes))
        {
            return Verdict.Opaque;
        }

        // Absolute-form is for a forward proxy, CONNECT asks for a tunnel, "*" is for the server itself: none of them
        // may be rewritten, and the rest of such a connection follows its own rules.
        var target = bytes[(space + 1)..];
        if (target.IsEmpty)
        {
            return IsMethod(bytes[..space]) ? Verdict.Undecided : Verdict.Opaque;
        }
        if (target[0] != '/')
        {
            return IsMethod(bytes[..space]) ? Verdict.ProxyRequest : Verdict.Opaque;
        }

        var end = target.IndexOf((byte)'\n');
        if (end >= 0)
        {
            return IsHttp1(target[..end]) ? Verdict.Http1 : Verdict.Opaque; // "GET /x" alone is HTTP/0.9, or Redis
        }
        if (!IsMethod(bytes[..space]))
        {
            return Verdict.Opaque;
        }
        return bytes.Length < MaxBytes / 2 ? Verdict.Undecided : Verdict.Http1; // the engine says 414
    }

    private static bool IsHttp1(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\r');
        return line.Length > 9 && line[^9] == ' ' && line[^8..^1].SequenceEqual("HTTP/1."u8) && line[^1] is >= (byte)'0' and <= (byte)'9';
    }

    private static bool IsMethod(ReadOnlySpan<byte> bytes)
    {
        foreach (var method in Methods)
        {
            if (bytes.SequenceEqual(method))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsPrefixOfMethod(ReadOnlySpan<byte> bytes)
    {
        foreach (var method in Methods)
        {
            if (method.AsSpan().StartsWith(bytes))
            {
                return true;
            }
        }
        return false;
    }

    private static readonly System.Buffers.SearchValues<byte> TokenBytes = System.Buffers.SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);
}
