using System.Net;
using System.Net.Sockets;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Sockets for loops, which nobody marked.</summary>
internal static unsafe class PlainSockets
{
    private const int Inet = 2;
    private const int Inet6 = 10;
    private const int SockStream = 1;

    /// <summary>Takes a connection that waits in the backlog.</summary>
    public static LoopSocket Accept(Socket listener, EventLoop loop)
    {
        var accepted = LibC.accept4((int)listener.Handle, null, null, LibC.SockNonBlock | LibC.SockCloseOnExec);
        return accepted < 0 ? throw Errno.ToException(LibC.LastError) : NoDelay(accepted, loop);
    }

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static LoopSocket Connect(IPEndPoint endpoint, EventLoop loop)
    {
        var socket = LibC.socket(endpoint.AddressFamily == AddressFamily.InterNetwork ? Inet : Inet6, SockStream | LibC.SockCloseOnExec, 0);
        Span<byte> address = stackalloc byte[InetAddress.MaxLength];
        var length = InetAddress.Write(endpoint, address);
        fixed (byte* bytes = address)
        {
            if (LibC.connect(socket, bytes, length) != 0)
            {
                var error = LibC.LastError;
                _ = LibC.close(socket);
                throw Errno.ToException(error);
            }
        }
        LibC.SetNonBlocking(socket);
        return NoDelay(socket, loop);
    }

    private static LoopSocket NoDelay(int descriptor, EventLoop loop)
    {
        LibC.Set(descriptor, LibC.IpProtoTcp, LibC.TcpNoDelay, 1);
        return new LoopSocket(loop, descriptor);
    }
}
