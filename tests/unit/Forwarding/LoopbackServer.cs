using System.Net;
using System.Net.Sockets;

namespace NodeMesh.UnitTests.Forwarding;

/// <summary>A TCP server for tests: hands out what it accepted.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public LoopbackServer(int? receiveBuffer = null)
    {
        if (receiveBuffer is { } size)
        {
            _listener.ReceiveBufferSize = size;
        }
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4096);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public Task<Socket> AcceptAsync() => _listener.AcceptAsync();

    public void Dispose() => _listener.Dispose();

    /// <summary>An address where nobody listens.</summary>
    public static IPEndPoint Closed()
    {
        using var socket = new LoopbackServer();
        return socket.EndPoint;
    }
}
