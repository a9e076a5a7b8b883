using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>Copies the header fields of a response, all but those that are about the upstream's connection.</summary>
internal static class ResponseHeaders
{
    public static void Copy(HttpResponseMessage from, IHeaderDictionary to)
    {
        Copy(from.Headers.NonValidated, to);
        Copy(from.Content.Headers.NonValidated, to);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (MessageFields.IsOfConnection(name))
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
}
