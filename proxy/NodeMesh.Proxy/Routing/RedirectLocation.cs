using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a redirect sends the client.</summary>
internal static class RedirectLocation
{
    private const string Http = "http";
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    /// <param name="servicePort">The port the client dialled.</param>
    public static string Of(Redirect redirect, in RequestHead head, int prefixLength, int servicePort)
    {
        // What the mesh sees of HTTP is without TLS.
        var scheme = redirect.Scheme.Length > 0 ? redirect.Scheme : Http;
        var standard = scheme == Http ? HttpPort : HttpsPort;
        var host = redirect.Hostname.Length > 0 ? redirect.Hostname : Host(head.Authority);
        var port = redirect.Port != 0 ? (int)redirect.Port : redirect.Scheme.Length > 0 ? standard : servicePort;
        var path = PathRewrite.Apply(redirect.Path, head.Target, prefixLength);
        return port == standard ? $"{scheme}://{host}{path}" : $"{scheme}://{host}:{port}{path}";
    }

    private static string Host(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') ? authority[..colon] : authority;
    }
}
