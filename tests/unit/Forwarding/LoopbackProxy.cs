using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Telemetry;
using Prometheus;

namespace NodeMesh.UnitTests.Forwarding;

/// <summary>
/// The proxy's L4 half without an agent and without capture: it accepts on loopback, takes <see cref="Destination"/> for what
/// the app dialled, and its pod's dial sockets are plain ones.
/// </summary>
internal sealed class LoopbackProxy : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EventLoops _loops = new(2, NullLoggerFactory.Instance);
    private readonly AcceptContext _context;
    private readonly Thread _accepting;

    public LoopbackProxy(IPEndPoint destination)
    {
        Destination = destination;
        var table = new PodTable();
        Pod = new LocalPod(1, "test/app", [IPAddress.Parse("192.0.2.1")], [], Supply);
        _context = new AcceptContext(
            _loops,
            Store,
            new Dialer(table, _loops),
            new LoadBalancer(TimeProvider.System, Random.Shared),
            Ports,
            Metrics,
            Told.Observer(Store),
            Guards.For(Store, Metrics),
            new DetectionCounters(Metrics),
            (downstream, http2) =>
            {
                downstream.Socket.Start();
                Http.Add((downstream, http2));
            },
            TimeProvider.System,
            NullLogger<Arrival>.Instance);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4096);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = new Thread(Accept) { IsBackground = true };
        _accepting.Start();
    }

    /// <summary>What an access log was told.</summary>
    public RecordedTraffic Told { get; } = new();

    /// <summary>Where the app connects.</summary>
    public IPEndPoint EndPoint { get; }

    public IPEndPoint Destination { get; set; }

    public Direction Direction { get; set; } = Direction.Outbound;

    public LocalPod Pod { get; }

    public SnapshotStore Store { get; } = new(TimeProvider.System);

    public PortMemory Ports { get; } = new();

    public ProxyMetrics Metrics { get; } = new();

    /// <summary>What the HTTP engine was given.</summary>
    public BlockingCollection<(Downstream Downstream, bool Http2)> Http { get; } = [];

    /// <summary>False: the agent is away and sends no sockets.</summary>
    public bool SuppliesSockets { get; set; } = true;

    public SnapshotStore Snapshots => _context.Snapshots;

    public Dialer Dialer => _context.Dialer;

    public EventLoops Loops => _loops;

    public void Supply(SocketKind kind, int count)
    {
        if (SuppliesSockets)
        {
            Pod.Sockets(kind).Add([.. Enumerable.Range(0, count).Select(_ => NewDescriptor())]);
        }
    }

    /// <summary>The value of a metric line that has all these parts; 0 when there is none.</summary>
    public async Task<double> MetricAsync(string name, params string[] parts)
    {
        var text = System.Text.Encoding.UTF8.GetString(await Metrics.ExportAsync(ExpositionFormat.PrometheusText, CancellationToken.None));
        return text.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && parts.All(part => line.Contains(part, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..]));
    }

    public async Task<Socket> ConnectAsync(int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }
        await socket.ConnectAsync(EndPoint);
        return socket;
    }

    public void Dispose()
    {
        // A blocking accept() is not woken by closing its descriptor, but by shutting the socket down.
        _ = LibC.shutdown((int)_listener.Handle, LibC.ShutReadWrite);
        _accepting.Join();
        _listener.Dispose();
        Pod.Close();
        _loops.Dispose();
    }

    private unsafe void Accept()
    {
        var listener = (int)_listener.Handle;
        var address = stackalloc byte[InetAddress.MaxLength];
        while (true)
        {
            var length = InetAddress.MaxLength;
            var accepted = LibC.accept4(listener, address, &length, LibC.SockNonBlock | LibC.SockCloseOnExec);
            if (accepted < 0)
            {
                return;
            }
            var client = InetAddress.Read(new ReadOnlySpan<byte>(address, length))!;
            var loop = _loops.Next();
            loop.AddLoad();
            Pod.TryOpenConnection();
            loop.Post(() => new Arrival(_context, new LoopSocket(loop, accepted), Pod, Direction, client, Destination).Start());
        }
    }

    private static int NewDescriptor()
    {
        var descriptor = LibC.socket(2, 1 | LibC.SockNonBlock | LibC.SockCloseOnExec, 0);
        LibC.Set(descriptor, LibC.IpProtoTcp, LibC.TcpNoDelay, 1);
        return descriptor;
    }
}
