using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Transforms;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// Copies the header fields of a request, all but those that are about the downstream's connection (RFC 9110 section 7.6.1). YARP's own copy
/// leaves out some that are about the message.
/// </summary>
internal static class RequestHeaders
{
    public static void Copy(IHeaderDictionary from, RequestTransformContext to)
    {
        var nominated = MessageFields.Nominated(from.Connection);
        foreach (var (name, values) in from)
        {
            // Where the body ends, HTTP/2 says in its own way.
            if (MessageFields.IsOfConnection(name, values) || name.Equals(HeaderNames.TransferEncoding, StringComparison.OrdinalIgnoreCase)
                || (nominated is not null && MessageFields.IsNominated(nominated, name)))
            {
                continue;
            }
            RequestTransform.AddHeader(to, name, values);
        }
    }
}
