using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Which fields are about one connection, and which about the message (RFC 9110 section 7.6.1).</summary>
internal static class MessageFields
{
    /// <summary>Where Kestrel puts the Content-Length of a request that has a Transfer-Encoding, too.</summary>
    public const string DiscardedLength = "X-Content-Length";

    /// <summary>Whether a field of a request goes no further. Not so Content-Length and Transfer-Encoding: who writes the body knows.</summary>
    public static bool IsOfConnection(string name, StringValues values) => name.Length switch
    {
        2 => Is(name, HeaderNames.TE) && !Is(values.ToString(), "trailers"), // gRPC servers insist on "te: trailers"
        _ => IsOfConnection(name),
    };

    /// <summary>Whether a field of a response goes no further.</summary>
    public static bool IsOfConnection(string name) => name.Length switch
    {
        7 => Is(name, HeaderNames.Upgrade),
        10 => Is(name, HeaderNames.Connection) || Is(name, HeaderNames.KeepAlive),
        16 => Is(name, HeaderNames.ProxyConnection),
        _ => false,
    };

    /// <summary>What says where a message ends and whom it is for has no place behind its body (RFC 9110 section 6.5.1).</summary>
    public static bool MayTrail(string name) => name.Length switch
    {
        2 => !Is(name, HeaderNames.TE),
        4 => !Is(name, HeaderNames.Host),
        7 => !Is(name, HeaderNames.Trailer),
        14 => !Is(name, HeaderNames.ContentLength),
        17 => !Is(name, HeaderNames.TransferEncoding),
        _ => !IsOfConnection(name),
    };

    /// <summary>The fields that Connection names as its own, but for the two that every connection names.</summary>
    public static string? Nominated(StringValues connection) => connection.Count switch
    {
        0 => null,
        1 when Is(connection[0]!, "keep-alive") || Is(connection[0]!, "close") => null,
        _ => connection.ToString(),
    };

    public static bool IsNominated(string nominated, string name, bool evenTE = false)
    {
        foreach (var range in nominated.AsSpan().Split(','))
        {
            var option = nominated.AsSpan(range).Trim();
            // Whoever nominates an end-to-end field would have it removed by any proxy on the way; what the message needs to be understood is beyond that.
            if (option.Equals(name, StringComparison.OrdinalIgnoreCase)
                && !Is(name, HeaderNames.Host) && !Is(name, HeaderNames.ContentLength) && !Is(name, HeaderNames.TransferEncoding)
                && (evenTE || !Is(name, HeaderNames.TE)))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Is(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
