using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// How Kestrel is set to stand in for any server: no limit of its own that an app behind it might not have, but for those that bound
/// the memory and time a hostile peer can take.
/// </summary>
/// <remarks>Kestrel's time limit for a connection between two requests is no limit here: <see cref="HttpHub"/> says what comes then.</remarks>
internal static class HubLimits
{
    /// <summary>As good as never. Not infinite: Kestrel adds it to its clock, where TimeSpan.MaxValue overflows, and closes every idle connection at its next tick.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromDays(365);

    /// <param name="idle">How long a connection may be without a request until Kestrel gives it up.</param>
    public static KestrelServerOptions Server(TimeSpan idle)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            AllowResponseHeaderCompression = true,
            // Bytes above 0x7f in a header value are nobody's business: Latin-1 carries each as it is.
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
        };
        var limits = options.Limits;
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.KeepAliveTimeout = idle;
        limits.RequestHeadersTimeout = TimeSpan.FromMinutes(2);
        limits.MaxRequestLineSize = 64 * 1024;
        limits.MaxRequestHeadersTotalSize = 256 * 1024;
        limits.MaxRequestHeaderCount = 1000;
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = null;
        // As many as a gRPC server allows by default, nearly: a client with many long streams must not wait for one to end.
        limits.Http2.MaxStreamsPerConnection = 100_000;
        limits.Http2.MaxRequestHeaderFieldSize = 256 * 1024;
        limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        limits.Http2.InitialConnectionWindowSize = 8 * 1024 * 1024;
        return options;
    }
}
