using System.Net;
using NodeMesh.Proxy.Accepting;

namespace NodeMesh.Proxy.Dialing;

/// <summary>Opens connections to upstreams. In the proxy with the agent's sockets, in tests with plain ones.</summary>
internal interface IUpstreamDialer
{
    /// <inheritdoc cref="Dialer.DialAsync"/>
    ValueTask<PodSocket> DialAsync(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint, CancellationToken cancellation);

    /// <summary>Whether a connection from a captured pod to this address stays on the node, in one traversal.</summary>
    bool IsLocal(IPEndPoint endpoint);
}
