using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Connects Kestrel with the forwarder, and nothing else: no HttpContext, no diagnostics, no middleware per request.</summary>
internal sealed class ForwardingApplication(HttpForwarder forwarder) : IHttpApplication<HttpExchange>
{
    public HttpExchange CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<HttpExchange> container)
        {
            return New(contextFeatures);
        }
        return container.HostContext ??= New(contextFeatures);
    }

    public Task ProcessRequestAsync(HttpExchange context) => forwarder.ForwardAsync(context);

    public void DisposeContext(HttpExchange context, Exception? exception)
    {
        // Kestrel's stream or connection keeps it.
    }

    private static HttpExchange New(IFeatureCollection features) => new(features, features.GetRequiredFeature<HttpConnection>());
}
