using System.Net;
using System.Net.Sockets;
using NodeMesh.Proxy.Accepting;

namespace NodeMesh.Proxy.Dialing;

/// <summary>
/// Opens the proxy's side of a connection with the agent's sockets. An endpoint that is a captured pod of this node is dialled
/// inside its namespace with the client's address as source (one traversal for both sides); any other from the source pod's namespace.
/// </summary>
internal sealed class Dialer(PodTable pods)
{
    /// <summary>Connects. The socket is connected, non-blocking, with TCP_NODELAY.</summary>
    /// <param name="pod">The pod of the downstream.</param>
    /// <param name="client">The address the destination app shall see.</param>
    /// <exception cref="SocketException">Refused, unreachable or reset: as the kernel said it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the pod is gone.</exception>
    public ValueTask<Socket> DialAsync(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint, CancellationToken cancellation) =>
        throw new NotSupportedException($"{pods} {pod} {direction} {client} {endpoint} {cancellation}");
}
