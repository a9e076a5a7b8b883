using System.Net.Sockets;
using System.Runtime.InteropServices;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// The two listening sockets of a pod, in its namespace. Dual-stack and IP_TRANSPARENT, each on a port the kernel chose;
/// nobody reaches them by that port, connections are assigned to them.
/// </summary>
internal sealed record PodListeners(SafeSocketHandle Outbound, SafeSocketHandle Inbound) : IDisposable
{
    // Asked for; the kernel takes the pod's own net.core.somaxconn where that is less (4096 by default).
    private const int Backlog = 4096;

    /// <summary>Makes them.</summary>
    /// <exception cref="CaptureException">The kernel refuses.</exception>
    public static PodListeners Open(PodSandbox pod)
    {
        try
        {
            return Netns.Run(pod.Netns, () =>
            {
                var outbound = Listen();
                try
                {
                    return new PodListeners(outbound, Listen());
                }
                catch
                {
                    outbound.Dispose();
                    throw;
                }
            });
        }
        catch (KernelException e)
        {
            throw new CaptureException($"pod {pod.Id}: no listener: {e.Message}", e);
        }
    }

    /// <summary>The proxy may still have them, and accepted sockets inherit what is set on them.</summary>
    public void Dispose()
    {
        SocketCalls.LetGo(Outbound);
        SocketCalls.LetGo(Inbound);
    }

    private static SafeSocketHandle Listen()
    {
        const int Type = SocketCalls.SockStream | SocketCalls.SockNonBlock | SocketCalls.SockCloseOnExec;
        var socket = SocketCalls.NewSocket(SocketCalls.AfInet6, Type, 0);
        var dualStack = !socket.IsInvalid;
        if (!dualStack && Marshal.GetLastPInvokeError() == Errno.AddressFamilyNotSupported)
        {
            socket = SocketCalls.NewSocket(SocketCalls.AfInet, Type, 0); // a kernel without IPv6
        }
        if (socket.IsInvalid)
        {
            throw KernelException.Last("cannot make a listening socket");
        }
        try
        {
            SocketCalls.Set(socket, SocketCalls.SolIp, SocketCalls.IpTransparent, 1, "IP_TRANSPARENT");
            if (dualStack)
            {
                SocketCalls.Set(socket, SocketCalls.SolIpv6, SocketCalls.Ipv6V6Only, 0, "IPV6_V6ONLY");
                SocketCalls.Set(socket, SocketCalls.SolIpv6, SocketCalls.Ipv6Transparent, 1, "IPV6_TRANSPARENT");
            }
            // Accepted sockets inherit it: a system call less for each.
            SocketCalls.Set(socket, SocketCalls.SolTcp, SocketCalls.TcpNoDelay, 1, "TCP_NODELAY");
            KeepAlive.Set(socket);
            // Accepted sockets have the port of the app, which could not bind it again after a restart while one of them is left.
            SocketCalls.Set(socket, SocketCalls.SolSocket, SocketCalls.SoReuseAddress, 1, "SO_REUSEADDR");

            // Any address, port 0: struct sockaddr_in6 (28 bytes) or sockaddr_in (16), all zero but the family.
            Span<byte> any = stackalloc byte[dualStack ? 28 : 16];
            any.Clear();
            MemoryMarshal.Write(any, (ushort)(dualStack ? SocketCalls.AfInet6 : SocketCalls.AfInet));
            if (SocketCalls.Bind(socket, any, any.Length) < 0 || SocketCalls.Listen(socket, Backlog) < 0)
            {
                throw KernelException.Last("cannot listen");
            }
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
