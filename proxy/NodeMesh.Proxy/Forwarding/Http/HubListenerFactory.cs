using System.Net;
using Microsoft.AspNetCore.Connections;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Hands Kestrel the listeners of the hub. HTTP/1 and HTTP/2 have one each, because Kestrel does not tell them apart without TLS.</summary>
internal sealed class HubListenerFactory : IConnectionListenerFactory
{
    public HubListener Http1 { get; } = new(new HubEndPoint("http1"));

    public HubListener Http2 { get; } = new(new HubEndPoint("http2"));

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(ReferenceEquals(endpoint, Http1.EndPoint) ? Http1 : Http2);
}
