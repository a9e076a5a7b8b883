using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>Copies the header fields of a request, all but those that are about the downstream's connection (RFC 9110 section 7.6.1).</summary>
internal static class RequestHeaders
{
    public static void Copy(IHeaderDictionary from, UpstreamRequest to)
    {
        var nominated = MessageFields.Nominated(from.Connection);
        foreach (var (name, values) in from)
        {
            if (MessageFields.IsOfConnection(name, values) || IsOfBody(name, values) || (nominated is not null && MessageFields.IsNominated(nominated, name)))
            {
                continue;
            }
            Add(to, name, values);
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

    // The body knows its length.
    private static bool IsOfBody(string name, StringValues values) => name.Length switch
    {
        14 => name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) && values.ToString() != "0",
        17 => name.Equals(HeaderNames.TransferEncoding, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
