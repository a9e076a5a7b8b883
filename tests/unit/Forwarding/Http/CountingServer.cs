using System.Net;
using System.Net.Sockets;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Answers every request a moment later, and remembers how many it had at a time at most.</summary>
internal sealed class CountingServer : IAsyncDisposable
{
    private readonly LoopbackServer _server = new();
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private int _underWay;

    private CountingServer() => _accepting = AcceptAsync();

    public IPEndPoint EndPoint => _server.EndPoint;

    public int MostAtATime { get; private set; }

    public static CountingServer Start() => new();

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _server.AcceptAsync()));
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var peer = new Peer(socket);
        try
        {
            while (true)
            {
                await peer.HeadAsync();
                Count(1);
                await Task.Delay(1);
                Count(-1);
                await peer.SendAsync(Ok);
            }
        }
        catch (Exception end) when (end is InvalidOperationException or SocketException or TimeoutException or OperationCanceledException)
        {
            // The hub has closed it.
        }
    }

    private void Count(int change)
    {
        lock (_gate)
        {
            _underWay += change;
            MostAtATime = Math.Max(MostAtATime, _underWay);
        }
    }
}
