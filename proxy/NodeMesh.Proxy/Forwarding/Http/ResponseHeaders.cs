using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Copies the header fields of a response, all but those that are about the upstream's connection.</summary>
internal static class ResponseHeaders
{
    public static void Copy(HttpResponseMessage from, IHeaderDictionary to, bool upgrade)
    {
        Copy(from.Headers.NonValidated, to, upgrade);
        Copy(from.Content.Headers.NonValidated, to, upgrade);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, bool upgrade)
    {
        foreach (var (name, values) in from)
        {
            if (upgrade ? Is(name, HeaderNames.TransferEncoding) : IsOfConnection(name))
            {
                continue;
            }
            to[name] = ToStringValues(values);
        }
    }

    public static StringValues ToStringValues(HeaderStringValues values)
    {
        if (values.Count <= 1)
        {
            return values.ToString();
        }
        var copy = new string[values.Count];
        var index = 0;
        foreach (var value in values)
        {
            copy[index++] = value;
        }
        return copy;
    }

    private static bool IsOfConnection(string name) => name.Length switch
    {
        7 => Is(name, HeaderNames.Upgrade),
        10 => Is(name, HeaderNames.Connection) || Is(name, HeaderNames.KeepAlive),
        16 => Is(name, HeaderNames.ProxyConnection),
        17 => Is(name, HeaderNames.TransferEncoding),
        _ => false,
    };

    private static bool Is(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
