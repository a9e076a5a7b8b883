using System.Net.Sockets;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// Keepalive of both legs. A peer that vanished without a word (a machine without power, a cable) would otherwise hold a connection that
/// says nothing for ever; and the other app cannot find out by keepalives of its own, since the proxy's kernel answers those.
/// </summary>
internal static class KeepAlive
{
    /// <summary>Seconds without a byte before the first probe: below the idle timeouts of common NATs and load balancers (350 s and more).</summary>
    public const int Idle = 180;

    /// <summary>Seconds between probes that are not answered.</summary>
    public const int Interval = 30;

    /// <summary>So many without an answer, and the connection is reset: within five and a half minutes.</summary>
    public const int Count = 5;

    /// <summary>On a listening socket: accepted sockets inherit it.</summary>
    public static void Set(SafeSocketHandle socket)
    {
        SocketCalls.Set(socket, SocketCalls.SolTcp, SocketCalls.TcpKeepIdle, Idle, "TCP_KEEPIDLE");
        SocketCalls.Set(socket, SocketCalls.SolTcp, SocketCalls.TcpKeepInterval, Interval, "TCP_KEEPINTVL");
        SocketCalls.Set(socket, SocketCalls.SolTcp, SocketCalls.TcpKeepCount, Count, "TCP_KEEPCNT");
        SocketCalls.Set(socket, SocketCalls.SolSocket, SocketCalls.SoKeepAlive, 1, "SO_KEEPALIVE");
    }
}
