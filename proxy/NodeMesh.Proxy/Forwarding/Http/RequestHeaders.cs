using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Copies the header fields of a request, all but those that are about the downstream's connection (RFC 9110 section 7.6.1).</summary>
internal static class RequestHeaders
{
    public static void Copy(IHeaderDictionary from, UpstreamRequest to, bool upgrade)
    {
        var nominated = upgrade ? default : Nominated(from.Connection);
        foreach (var (name, values) in from)
        {
            if (IsOfConnection(name, values) || (nominated is not null && IsNominated(nominated, name)))
            {
                continue;
            }
            Add(to, name, values);
        }

        if (upgrade)
        {
            to.Headers.TryAddWithoutValidation(HeaderNames.Connection, from.Connection.ToString());
            to.Headers.TryAddWithoutValidation(HeaderNames.Upgrade, from.Upgrade.ToString());
        }
        if (from.Host.Count == 0)
        {
            // HTTP/1.0. HTTP/1.1, which goes upstream, must have one (RFC 9112 section 3.2).
            to.Headers.TryAddWithoutValidation(HeaderNames.Host, to.Target.Authority);
        }
    }

    private static void Add(UpstreamRequest to, string name, StringValues values)
    {
        if (values.Count == 1)
        {
            var value = values[0] ?? "";
            if (!to.Headers.TryAddWithoutValidation(name, value))
            {
                (to.Content ??= new NoBody()).Headers.TryAddWithoutValidation(name, value);
            }
        }
        else if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
        {
            (to.Content ??= new NoBody()).Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    private static bool IsOfConnection(string name, StringValues values) => name.Length switch
    {
        2 => Is(name, HeaderNames.TE) && !Is(values.ToString(), "trailers"), // gRPC servers insist on "te: trailers"
        7 => Is(name, HeaderNames.Upgrade),
        10 => Is(name, HeaderNames.Connection) || Is(name, HeaderNames.KeepAlive),
        14 => Is(name, HeaderNames.ContentLength) && values.ToString() != "0", // the body knows
        16 => Is(name, HeaderNames.ProxyConnection),
        17 => Is(name, HeaderNames.TransferEncoding),
        _ => false,
    };

    /// <summary>The fields that Connection names as its own, but for the two that every connection names.</summary>
    private static string? Nominated(StringValues connection) => connection.Count switch
    {
        0 => null,
        1 when Is(connection[0]!, "keep-alive") || Is(connection[0]!, "close") => null,
        _ => connection.ToString(),
    };

    private static bool IsNominated(string nominated, string name)
    {
        var rest = nominated.AsSpan();
        foreach (var range in rest.Split(','))
        {
            var option = rest[range].Trim();
            // Whoever nominates an end-to-end field would have it removed by any proxy on the way; Host is beyond that.
            if (option.Equals(name, StringComparison.OrdinalIgnoreCase) && !Is(name, HeaderNames.Host) && !Is(name, HeaderNames.TE))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Is(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
