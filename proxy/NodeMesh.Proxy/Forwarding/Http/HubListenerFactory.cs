using System.Net;
using Microsoft.AspNetCore.Connections;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Hands a Kestrel server the one listener it has.</summary>
internal sealed class HubListenerFactory(HubListener listener) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(listener);
}
