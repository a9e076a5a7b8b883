using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Accepting;

/// <summary>A captured pod of this node: what the agent announced, the sockets it made for dialling from and to the pod, and who uses them.</summary>
internal sealed class LocalPod(ulong netns, string id, IReadOnlyList<IPAddress> addresses, IReadOnlyList<ushort> excludedInboundPorts, Action<SocketKind, int> want)
{
    /// <summary>Connections a pod may have accepted at a time: one that floods must not take every descriptor of the node.</summary>
    public const int MaxConnections = 20_000;

    private static readonly SocketKind[] Kinds = [SocketKind.UpstreamV4, SocketKind.UpstreamV6, SocketKind.InboundLegV4, SocketKind.InboundLegV6];

    private readonly DialSocketPool[] _pools = [.. Kinds.Select(kind => new DialSocketPool(count => want(kind, count)))];
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenSource _draining = new();
    private readonly HashSet<IPodUser> _users = [];
    private readonly Lock _gate = new();
    private volatile Announcement _announced = new(addresses, excludedInboundPorts);
    private bool _isGone;
    private int _open;

    /// <summary>The namespace cookie: names this sandbox of the pod.</summary>
    public ulong Netns => netns;

    /// <summary>namespace/name</summary>
    public string Id => id;

    public string Namespace { get; } = id[..Math.Max(id.IndexOf('/', StringComparison.Ordinal), 0)];

    public string Name { get; } = id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>What it has had the proxy do.</summary>
    public PodUsage Usage { get; } = new();

    public IReadOnlyList<IPAddress> Addresses => _announced.Addresses;

    /// <summary>Cancelled when the sandbox is gone: every socket of the pod must be closed, or its namespace leaks.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Cancelled when the pod, or the proxy, is to end its connections in an orderly way: HTTP says "Connection: close" or GOAWAY.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Accepted connections that are open.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    /// <summary>Nobody holds a socket of the pod but its listeners and pools.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return OpenConnections == 0 && _users.Count == 0;
            }
        }
    }

    public DialSocketPool Sockets(SocketKind kind) => _pools[(int)kind - 1];

    /// <summary>False for ports the mesh does not stand before.</summary>
    public bool IsCaptured(int port) => !_announced.ExcludedInboundPorts.Contains((ushort)port);

    /// <summary>The agent named the pod again, perhaps with other words.</summary>
    public void Update(IReadOnlyList<IPAddress> addresses, IReadOnlyList<ushort> excludedInboundPorts) =>
        _announced = new Announcement(addresses, excludedInboundPorts);

    /// <summary>Counts an accepted connection; false when the pod has too many.</summary>
    public bool TryOpenConnection()
    {
        if (Interlocked.Increment(ref _open) <= MaxConnections)
        {
            Usage.Accepted();
            return true;
        }
        Interlocked.Decrement(ref _open);
        return false;
    }

    public void CloseConnection() => Interlocked.Decrement(ref _open);

    /// <summary>False when the pod is gone already; then nobody will be told.</summary>
    public bool TryEnter(IPodUser user)
    {
        lock (_gate)
        {
            return !_isGone && _users.Add(user);
        }
    }

    public void Leave(IPodUser user)
    {
        lock (_gate)
        {
            _users.Remove(user);
        }
    }

    /// <summary>Has the pools filled, and asked for again what an agent that is no more had been asked for.</summary>
    public void FillPools()
    {
        foreach (var family in Addresses.Select(address => address.AddressFamily).Distinct())
        {
            var first = family == AddressFamily.InterNetwork ? SocketKind.UpstreamV4 : SocketKind.UpstreamV6;
            Sockets(first).Fill();
            Sockets(first + 2).Fill();
        }
    }

    public void Drain() => _draining.Cancel();

    /// <summary>The sandbox is gone: closes what was made in advance, and has everyone let go of the rest.</summary>
    public void Close()
    {
        IPodUser[] users;
        lock (_gate)
        {
            if (_isGone)
            {
                return;
            }
            _isGone = true;
            users = [.. _users];
        }
        foreach (var pool in _pools)
        {
            pool.Close();
        }
        _gone.Cancel();
        foreach (var user in users)
        {
            user.OnPodGone();
        }
    }

    private sealed record Announcement(IReadOnlyList<IPAddress> Addresses, IReadOnlyList<ushort> ExcludedInboundPorts);
}
