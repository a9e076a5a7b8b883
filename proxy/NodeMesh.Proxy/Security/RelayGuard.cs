using System.Net;
using NodeMesh.Proxy.Accepting;

namespace NodeMesh.Proxy.Security;

/// <summary>What is needed to ask again whether a relayed connection may go on.</summary>
/// <param name="Home">The namespace of the destination pod.</param>
internal sealed record RelayGuard(ConnectionGuard Guard, IPAddress Client, IPEndPoint Destination, string Home)
{
    /// <summary>The pod whose connection leaves it for an address that is no Service's; null: it enters a pod of this node.</summary>
    public LocalPod? Leaves { get; init; }

    /// <summary>As the TLS handshake of one that leaves names it.</summary>
    public string? ServerName { get; init; }

    public bool IsForbidden() => Leaves is { } pod
        ? Guard.Egress.Forbids(pod.Id, pod.Namespace, Destination, ServerName)
        : Guard.Authorizer.Foresee(Client, Destination, Home, isOpaque: true) == Access.Denied;
}
