using System.Net;
using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Another upstream.</summary>
internal sealed class UpstreamListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public UpstreamListener()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public async Task<Peer> AcceptAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        return new Peer(await _socket.AcceptAsync(limit.Token));
    }

    public void Dispose() => _socket.Dispose();
}
