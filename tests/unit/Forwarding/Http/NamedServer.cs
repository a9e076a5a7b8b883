using System.Net;
using System.Net.Sockets;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Answers every request with its name in X-Server, one a connection.</summary>
internal sealed class NamedServer : IAsyncDisposable
{
    private readonly UpstreamListener _listener = new();
    private readonly Task _serving;

    public NamedServer(string name) => _serving = ServeAsync(name);

    public IPEndPoint EndPoint => _listener.EndPoint;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync(string name)
    {
        try
        {
            while (true)
            {
                using var peer = await _listener.AcceptAsync();
                await peer.HeadAsync();
                await peer.SendAsync($"HTTP/1.1 200 OK\r\nX-Server: {name}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It is over.
        }
    }
}
