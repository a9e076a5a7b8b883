using System.Net;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Accepting;

/// <summary>A connection that a pod's listener accepted. Addresses are plain IPv4 or IPv6, never v4-mapped.</summary>
/// <param name="Socket">Nothing has been read from it.</param>
/// <param name="Pod">The pod whose listener accepted it: the source of an outbound, the destination of an inbound connection.</param>
/// <param name="Client">The address the app, or the peer outside, dialled from.</param>
/// <param name="OriginalDestination">The address it dialled: a cluster IP, a pod IP or anything else.</param>
/// <param name="Route">Who talks to whom, looked up once.</param>
internal sealed record Downstream(
    PodSocket Socket,
    LocalPod Pod,
    Direction Direction,
    IPEndPoint Client,
    IPEndPoint OriginalDestination,
    ConnectionRoute Route)
{
    /// <summary>The namespace of the pod it was accepted for; null: it is that pod's own.</summary>
    public string? Home => Direction == Direction.Inbound ? Pod.Namespace : null;
}
