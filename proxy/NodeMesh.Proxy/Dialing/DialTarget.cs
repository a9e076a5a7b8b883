using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;

namespace NodeMesh.Proxy.Dialing;

/// <summary>What a dial needs to know: whose socket, from which address, to where.</summary>
/// <param name="Owner">The pod whose namespace the socket is from.</param>
/// <param name="Source">The address to bind to; null: the kernel's choice.</param>
internal readonly record struct DialTarget(LocalPod Owner, SocketKind Kind, IPAddress? Source, IPEndPoint Endpoint)
{
    /// <summary>How long the connection may take to open.</summary>
    public int TimeoutMilliseconds { get; init; } = Dial.ConnectTimeoutMilliseconds;

    public bool IsInboundLeg => Kind is SocketKind.InboundLegV4 or SocketKind.InboundLegV6;
}
