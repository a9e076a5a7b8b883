using System.Net;
using System.Net.Sockets;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Dials with plain sockets, and notes for whom.</summary>
internal sealed class PlainDialer : IUpstreamDialer
{
    private readonly List<(Direction Direction, IPAddress Client, IPEndPoint Endpoint)> _dials = [];

    public Func<IPEndPoint, bool> Local { get; set; } = _ => false;

    /// <summary>Nobody answers, as behind a firewall.</summary>
    public bool IsStuck { get; set; }

    public IReadOnlyList<(Direction Direction, IPAddress Client, IPEndPoint Endpoint)> Dials
    {
        get
        {
            lock (_dials)
            {
                return [.. _dials];
            }
        }
    }

    public async ValueTask<Socket> DialAsync(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint, CancellationToken cancellation)
    {
        lock (_dials)
        {
            _dials.Add((direction, client, endpoint));
        }
        if (IsStuck)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public bool IsLocal(IPEndPoint endpoint) => Local(endpoint);
}
