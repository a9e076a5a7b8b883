using System.Net.Sockets;
using NodeMesh.Agent.Kernel;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// The proxy's sockets for dialling, made in the pod's namespace with what takes privileges already set: the proxy, which has
/// none, only binds and connects them.
/// </summary>
internal static class DialSockets
{
    // Those above are for inbound legs (the proxy's LegPorts).
    private const uint LastUpstreamPort = 60999;

    /// <summary>Makes <paramref name="count"/> sockets of one kind, all in one visit to the namespace.</summary>
    /// <param name="own">Makes a socket known as the mesh's own (<see cref="ICapture.Own"/>).</param>
    /// <exception cref="CaptureException">The kernel refuses. No socket is left open.</exception>
    public static IReadOnlyList<SafeSocketHandle> Make(PodSandbox pod, SocketKind kind, int count, Action<SafeSocketHandle> own)
    {
        var sockets = new List<SafeSocketHandle>(count);
        try
        {
            Netns.Run(pod.Netns, () =>
            {
                while (sockets.Count < count)
                {
                    sockets.Add(Make(kind));
                }
            });
            sockets.ForEach(own);
            return sockets;
        }
        catch (Exception e)
        {
            sockets.ForEach(socket => socket.Dispose());
            if (e is KernelException)
            {
                throw new CaptureException($"pod {pod.Id}: no {kind} socket: {e.Message}", e);
            }
            throw;
        }
    }

    private static SafeSocketHandle Make(SocketKind kind)
    {
        var family = kind is SocketKind.UpstreamV6 or SocketKind.InboundLegV6 ? SocketCalls.AfInet6 : SocketCalls.AfInet;
        var socket = SocketCalls.Socket(family, SocketCalls.SockStream | SocketCalls.SockNonBlock, 0, "a TCP socket");
        try
        {
            SocketCalls.Set(socket, SocketCalls.SolTcp, SocketCalls.TcpNoDelay, 1, "TCP_NODELAY");
            KeepAlive.Set(socket);
            if (kind is SocketKind.InboundLegV4 or SocketKind.InboundLegV6)
            {
                MakeLeg(socket, family);
            }
            else
            {
                KeepOffLegPorts(socket);
            }
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A pod may have a wider ip_local_port_range than Linux begins with. Were an upstream's port that of an inbound leg on the server's node, the
    // two would be one connection to the kernel there. Before Linux 6.3 there is no such option.
    private static void KeepOffLegPorts(SafeSocketHandle socket)
    {
        var range = unchecked((int)(LastUpstreamPort << 16)); // the upper half is the last port, the lower half, 0, leaves the first as it is
        _ = SocketCalls.SetOption(socket, SocketCalls.SolIp, SocketCalls.IpLocalPortRange, in range, sizeof(int));
    }

    private static void MakeLeg(SafeSocketHandle socket, int family)
    {
        // Lets the socket be bound to the client's address, which is not the pod's.
        if (family == SocketCalls.AfInet)
        {
            SocketCalls.Set(socket, SocketCalls.SolIp, SocketCalls.IpTransparent, 1, "IP_TRANSPARENT");
        }
        else
        {
            SocketCalls.Set(socket, SocketCalls.SolIpv6, SocketCalls.Ipv6Transparent, 1, "IPV6_TRANSPARENT");
        }
        // A bind to port 0 then takes no port before connect() knows the whole 4-tuple (the option is of this level for both families).
        SocketCalls.Set(socket, SocketCalls.SolIp, SocketCalls.IpBindAddressNoPort, 1, "IP_BIND_ADDRESS_NO_PORT");
        // Several legs may leave from one port of a client, to different ports of the pod (the proxy chooses ports, see its LegPorts).
        SocketCalls.Set(socket, SocketCalls.SolSocket, SocketCalls.SoReuseAddress, 1, "SO_REUSEADDR");
        SocketCalls.Set(socket, SocketCalls.SolSocket, SocketCalls.SoMark, (int)LoopMark.Loop, "SO_MARK");
    }
}
