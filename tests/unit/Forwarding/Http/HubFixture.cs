using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>A hub between a client and an upstream that the test plays itself, byte by byte.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _front = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    // A test that drops its end must not have the collector close it.
    private readonly List<Peer> _peers = [];

    private HubFixture(TimeSpan? restAfter)
    {
        Hub = new HttpHub(Store, new LoadBalancer(TimeProvider.System, Random.Shared), Metrics, Dialer, TimeProvider.System, Guards.For(Store, Metrics), Told.Observer(Store), NullLoggerFactory.Instance, restAfter);
        foreach (var socket in new[] { _upstream, _front })
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Listen();
        }
    }

    public static IPEndPoint ClusterIp { get; } = new(IPAddress.Parse("10.96.0.1"), 80);

    public SnapshotStore Store { get; } = new(TimeProvider.System);

    public ProxyMetrics Metrics { get; } = new();

    /// <summary>What an access log was told.</summary>
    public RecordedTraffic Told { get; } = new();

    public PlainDialer Dialer { get; } = new();

    public HttpHub Hub { get; }

    public LocalPod Pod { get; } = new(1, "shop/cart", [IPAddress.Loopback], [], (_, _) => { });

    public IPEndPoint Upstream => (IPEndPoint)_upstream.LocalEndPoint!;

    public static async Task<HubFixture> StartAsync(TimeSpan? restAfter = null)
    {
        var fixture = new HubFixture(restAfter);
        await fixture.Hub.StartAsync(TestContext.Current.CancellationToken);
        return fixture;
    }

    /// <summary>A client whose connection the hub has taken over.</summary>
    public async Task<Peer> ClientAsync(IPEndPoint? destination = null, Direction direction = Direction.Outbound, bool http2 = false, IPEndPoint? client = null)
    {
        var peer = Keep(await Peer.ConnectAsync(_front.LocalEndPoint!));
        client ??= (IPEndPoint)peer.Socket.LocalEndPoint!;
        destination ??= Upstream;
        await Dialer.OnLoopAsync(loop => HandOver(PlainSockets.Accept(_front, loop), destination, direction, http2, client));
        return peer;
    }

    /// <summary>A client that said this and shut its side while the connection was still being looked at.</summary>
    public async Task<Peer> ClientThatHasEndedAsync(string said)
    {
        var peer = Keep(await Peer.ConnectAsync(_front.LocalEndPoint!));
        await peer.SendAsync(said);
        peer.Socket.Shutdown(SocketShutdown.Send);
        LoopSocket? accepted = null;
        var ended = new EndNotice();
        await Dialer.OnLoopAsync(loop =>
        {
            accepted = PlainSockets.Accept(_front, loop);
            accepted.Watch(ended);
        });
        await ended.HasCome;
        await PlainDialer.OnLoopAsync(accepted!.Loop, _ => HandOver(accepted, Upstream, Direction.Outbound, http2: false, (IPEndPoint)peer.Socket.LocalEndPoint!));
        return peer;
    }

    /// <summary>The next connection the hub opens.</summary>
    public async Task<Peer> UpstreamAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        var socket = await _upstream.AcceptAsync(limit.Token);
        socket.NoDelay = true;
        return Keep(new Peer(socket));
    }

    /// <summary>The client sends; what arrives upstream as a head comes back, with both ends.</summary>
    public async Task<(Peer Client, Peer Upstream, string Head)> RequestAsync(string request)
    {
        var client = await ClientAsync();
        await client.SendAsync(request);
        var upstream = await UpstreamAsync();
        return (client, upstream, await upstream.HeadAsync());
    }

    /// <summary>The upstream answers a plain request with this; what the client gets until the connection ends comes back.</summary>
    public async Task<string> ResponseAsync(string response, string method = "GET")
    {
        var (client, upstream, _) = await RequestAsync($"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await upstream.SendAsync(response);
        return await client.RestAsync();
    }

    /// <summary>Declares a Service with the cluster IP and these endpoints.</summary>
    public void Declare(params IPEndPoint[] endpoints)
    {
        var port = new ServicePort { Name = "http", Port = (uint)ClusterIp.Port };
        port.Endpoints.Add(endpoints.Select(endpoint => new Endpoint { Address = endpoint.Address.ToString(), Port = (uint)endpoint.Port, Ready = true }));
        var service = new Service { Id = "shop/web", Namespace = "shop", Name = "web", ClusterIps = { ClusterIp.Address.ToString() }, Ports = { port } };
        Store.Apply(new SnapshotDelta { Version = Store.Current.Version + 1, Services = { service } });
    }

    public async Task<string> ScrapeAsync() => Encoding.UTF8.GetString(await Metrics.ExportAsync(ExpositionFormat.PrometheusText, TestContext.Current.CancellationToken));

    /// <summary>Waits until a line of the metrics has all these parts. A request is counted a moment after its response is out.</summary>
    public async Task EventuallyCountsAsync(params string[] parts)
    {
        for (var turn = 0; ; turn++)
        {
            var text = await ScrapeAsync();
            if (text.Split('\n').Any(line => parts.All(part => line.Contains(part, StringComparison.Ordinal)) && !line.EndsWith(" 0", StringComparison.Ordinal)))
            {
                return;
            }
            Assert.True(turn < 100, $"No line with {string.Join(", ", parts)} in\n{text}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }
        _upstream.Dispose();
        _front.Dispose();
        Dialer.Dispose();
    }

    private void HandOver(LoopSocket accepted, IPEndPoint destination, Direction direction, bool http2, IPEndPoint client)
    {
        Assert.True(Pod.TryOpenConnection());
        accepted.Loop.AddLoad();
        var socket = new PodSocket(accepted, Pod, isAccepted: true);
        Hub.Accept(new Downstream(socket, Pod, direction, client, destination, ConnectionRoute.For(Store.Current, direction, client, destination)), http2);
    }

    private Peer Keep(Peer peer)
    {
        lock (_peers)
        {
            _peers.Add(peer);
        }
        return peer;
    }

    private sealed class EndNotice : ILoopEvents
    {
        private readonly TaskCompletionSource _hasCome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task HasCome => _hasCome.Task;

        public void OnReady(LoopSocket socket)
        {
            if (socket.IsPeerClosed)
            {
                _hasCome.TrySetResult();
            }
        }

        public void OnFault(Exception exception) => _hasCome.TrySetException(exception);
    }
}
