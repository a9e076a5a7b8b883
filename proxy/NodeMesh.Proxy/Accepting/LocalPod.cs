using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Dialing;

namespace NodeMesh.Proxy.Accepting;

/// <summary>A captured pod of this node: what the agent announced, and the sockets it made for dialling from and to the pod.</summary>
internal sealed class LocalPod(ulong netns, string id, IReadOnlyList<IPAddress> addresses, IReadOnlyList<ushort> excludedInboundPorts, Action<SocketKind, int> want)
{
    private readonly DialSocketPool[] _pools =
        [.. new[] { SocketKind.UpstreamV4, SocketKind.UpstreamV6, SocketKind.InboundLegV4, SocketKind.InboundLegV6 }
            .Select(kind => new DialSocketPool(count => want(kind, count)))];

    /// <summary>The namespace cookie: names this sandbox of the pod.</summary>
    public ulong Netns => netns;

    /// <summary>namespace/name</summary>
    public string Id => id;

    public IReadOnlyList<IPAddress> Addresses => addresses;

    /// <summary>Cancelled when the sandbox is gone: every socket of the pod must be closed, or its namespace leaks.</summary>
    public CancellationToken Gone => _gone.Token;

    private readonly CancellationTokenSource _gone = new();

    /// <summary>Cancelled when the pod, or the proxy, is to end its connections in an orderly way: HTTP says "Connection: close" or GOAWAY.</summary>
    public CancellationToken Draining => _draining.Token;

    private readonly CancellationTokenSource _draining = new();

    public void Drain() => _draining.Cancel();

    public DialSocketPool Sockets(SocketKind kind) => _pools[(int)kind - 1];

    /// <summary>False for ports the mesh does not stand before.</summary>
    public bool IsCaptured(int port) => !excludedInboundPorts.Contains((ushort)port);

    public void Close()
    {
        _gone.Cancel();
        foreach (var pool in _pools)
        {
            pool.Close();
        }
    }
}
