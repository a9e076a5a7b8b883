using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Dialing;

/// <summary>
/// Opens the proxy's side of a connection with the agent's sockets. An endpoint that is a captured pod of this node is dialled
/// inside its namespace with the client's address as source (one traversal for both sides); any other from the source pod's namespace.
/// </summary>
internal sealed class Dialer(PodTable pods, EventLoops loops) : IUpstreamDialer
{
    /// <summary>Which socket reaches the endpoint.</summary>
    public DialTarget Target(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint)
    {
        var v6 = endpoint.AddressFamily == AddressFamily.InterNetworkV6;
        var destination = direction == Direction.Inbound ? pod : pods.Find(endpoint.Address);
        if (destination is not null && (direction == Direction.Inbound || destination.IsCaptured(endpoint.Port)))
        {
            // A v4 client of a v6 endpoint (or the reverse) is shown under its pod's other address.
            var source = client.AddressFamily == endpoint.AddressFamily
                ? client
                : pod.Addresses.FirstOrDefault(address => address.AddressFamily == endpoint.AddressFamily);
            return new DialTarget(destination, v6 ? SocketKind.InboundLegV6 : SocketKind.InboundLegV4, source, endpoint);
        }

        // With one address the kernel picks it; with several the app's choice counts.
        var several = pod.Addresses.Count(address => address.AddressFamily == endpoint.AddressFamily) > 1;
        return new DialTarget(
            pod,
            v6 ? SocketKind.UpstreamV6 : SocketKind.UpstreamV4,
            several && client.AddressFamily == endpoint.AddressFamily ? client : null,
            endpoint);
    }

    /// <summary>Whether a connection from a captured pod to this address stays on the node, in one traversal.</summary>
    public bool IsLocal(IPEndPoint endpoint) => pods.Find(endpoint.Address)?.IsCaptured(endpoint.Port) ?? false;

    /// <summary>Connects, for code that awaits: on the caller's loop if it is on one. The socket has TCP_NODELAY; it is closed when the pod goes.</summary>
    /// <param name="pod">The pod of the downstream.</param>
    /// <param name="client">The address the destination app shall see.</param>
    /// <exception cref="SocketException">Refused, unreachable or reset: as the kernel said it. TryAgain: the agent sent no socket in time.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the pod is gone.</exception>
    public async ValueTask<PodSocket> DialAsync(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint, CancellationToken cancellation)
    {
        var request = new DialRequest(EventLoop.Current ?? loops.Next(), Target(pod, direction, client, endpoint));
        request.Start();
        await using (cancellation.UnsafeRegister(static state => ((DialRequest)state!).Cancel(), request))
        {
            return await request.Connected;
        }
    }
}
