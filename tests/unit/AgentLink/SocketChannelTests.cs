using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.AgentLink;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.UnitTests.Forwarding;
using Xunit;

namespace NodeMesh.UnitTests.AgentLink;

/// <summary>
/// A listener that is dialled by its own address resets the connection, since serving it would go in circles: that is how
/// these tests see that somebody accepts, without capture.
/// </summary>
public sealed class SocketChannelTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("nodemesh-").FullName;
    private readonly string _path;
    private readonly EventLoops _loops = new(2, NullLoggerFactory.Instance);
    private readonly FakeAgent _agent;
    private readonly PodLifecycle _pods;
    private readonly PodTable _table = new();
    private readonly Heartbeat _heartbeat;
    private readonly SocketChannel _channel;
    private readonly List<Socket> _listeners = [];
    private TimeSpan? _drain;

    public SocketChannelTests()
    {
        _path = Path.Combine(_directory, "sockets.sock");
        _agent = new FakeAgent(_path);
        var time = TimeProvider.System;
        var metrics = new ProxyMetrics();
        var store = new SnapshotStore(time);
        store.Apply(new SnapshotDelta { Version = 1, Full = true });
        var context = new AcceptContext(
            _loops, store, new Dialer(_table, _loops), new LoadBalancer(time, Random.Shared), new PortMemory(), metrics, new Forwarding.RecordedTraffic().Observer(store),
            Forwarding.Guards.For(store, metrics), new DetectionCounters(metrics), (downstream, _) => downstream.Socket.Dispose(), time, NullLogger<Arrival>.Instance);
        SocketChannel? channel = null;
        _pods = new PodLifecycle(context, _table, (_, _) => Task.CompletedTask, message => channel?.Send(message), NullLogger<PodLifecycle>.Instance);
        _heartbeat = new Heartbeat(_loops);
        channel = _channel = new SocketChannel(_path, new ProxyIdentity("test", Environment.ProcessId, "", DateTimeOffset.UnixEpoch), _pods, _heartbeat, limit => _drain = limit, NullLogger<SocketChannel>.Instance);
        _channel.Start();
        _agent.Accept();
        _agent.Send(new FromAgent { Welcome = new Welcome { Node = "node" } });
    }

    public void Dispose()
    {
        _agent.Dispose();
        _channel.Dispose();
        _heartbeat.Dispose();
        _loops.Dispose();
        _listeners.ForEach(listener => listener.Dispose());
        Directory.Delete(_directory, recursive: true);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_pod_is_accepted_for_and_its_dial_sockets_are_asked_for_in_advance()
    {
        var (outbound, inbound) = AddPod(7, "10.1.0.7");

        Assert.Equal("reset", await DialAsync(outbound));
        Assert.Equal("reset", await DialAsync(inbound));
        var wanted = new[] { _agent.Hear(message => message.DialSocketsWanted), _agent.Hear(message => message.DialSocketsWanted) };
        Assert.Equal([SocketKind.UpstreamV4, SocketKind.InboundLegV4], wanted.Select(want => want.Kind).Order());
        Assert.All(wanted, want => Assert.Equal((7UL, 16U), (want.Netns, want.Count)));
        Assert.Equal("test/pod7", _table.Find(IPAddress.Parse("10.1.0.7"))?.Id);
    }

    [Fact(Timeout = 15_000)]
    public async Task Dial_sockets_land_in_the_pool_of_their_pod_and_kind()
    {
        AddPod(7, "10.1.0.7");
        using var one = NewSocket();
        using var other = NewSocket();
        _agent.Send(new FromAgent { DialSockets = new DialSockets { Netns = 7, Kind = SocketKind.InboundLegV4 } }, one.SafeHandle, other.SafeHandle);
        _agent.Send(new FromAgent { DialSockets = new DialSockets { Netns = 8, Kind = SocketKind.InboundLegV4 } }, one.SafeHandle); // nobody's

        await Eventually(() => _pods.Find(7)?.Sockets(SocketKind.InboundLegV4).Count == 2);
        Assert.Equal(0, _pods.Find(7)!.Sockets(SocketKind.UpstreamV4).Count);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_pod_whose_sandbox_is_gone_is_let_go_of_at_once()
    {
        var (outbound, _) = AddPod(7, "10.1.0.7");
        Assert.Equal("reset", await DialAsync(outbound));
        _agent.Send(new FromAgent { PodRemoved = new PodRemoved { Netns = 7 } });

        Assert.Equal(7UL, _agent.Hear(message => message.PodDrained).Netns);
        Assert.Null(_table.Find(IPAddress.Parse("10.1.0.7")));
        _listeners.ForEach(listener => listener.Dispose());
        await Eventually(() => DialAsync(outbound).Result == "refused"); // no copy of the listener is left
        _agent.Send(new FromAgent { PodRemoved = new PodRemoved { Netns = 7 } });
        Assert.Equal(7UL, _agent.Hear(message => message.PodDrained).Netns); // said again, answered again
    }

    [Fact(Timeout = 20_000)]
    public async Task While_the_agent_is_away_pods_are_served_and_those_it_does_not_name_again_go()
    {
        var (outbound, _) = AddPod(7, "10.1.0.7");
        AddPod(8, "10.1.0.8");
        _agent.Send(new FromAgent { Settled = new Settled() });
        _agent.HangUp();
        Assert.Equal("reset", await DialAsync(outbound));

        _agent.Accept();
        _agent.Send(new FromAgent { Welcome = new Welcome { Node = "node" } });
        var (renewed, _) = AddPod(7, "10.1.0.7");
        Assert.Equal("reset", await DialAsync(renewed));
        Assert.Equal("reset", await DialAsync(outbound)); // handshakes may be under way there
        Assert.NotNull(_table.Find(IPAddress.Parse("10.1.0.8")));
        _agent.Send(new FromAgent { Settled = new Settled() });

        Assert.Equal(8UL, _agent.Hear(message => message.PodDrained).Netns);
        Assert.Null(_table.Find(IPAddress.Parse("10.1.0.8")));
        Assert.NotNull(_table.Find(IPAddress.Parse("10.1.0.7")));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_message_that_cannot_be_read_costs_only_itself()
    {
        _agent.Send(new FromAgent { PodAdded = new PodAdded { Netns = 9, Id = "test/bad", Addresses = { "no address" } } }, NewSocket().SafeHandle, NewSocket().SafeHandle);
        var (outbound, _) = AddPod(7, "10.1.0.7");
        Assert.Equal("reset", await DialAsync(outbound));
    }

    [Fact(Timeout = 15_000)]
    public async Task Drain_is_passed_on_with_its_limit()
    {
        _agent.Send(new FromAgent { Drain = new Drain { LimitMilliseconds = 1500 } });
        await Eventually(() => _drain == TimeSpan.FromMilliseconds(1500));
    }

    [Fact(Timeout = 15_000)]
    public async Task The_heart_beats_while_the_loops_turn_and_not_while_one_hangs()
    {
        var page = Path.Combine(_directory, "page");
        using (var file = File.OpenHandle(page, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 4096);
            _agent.Send(new FromAgent { Welcome = new Welcome { Node = "node" } }, file);
        }
        var first = Beat(page);
        await Eventually(() => (first = Beat(page)) > 0);
        await Eventually(() => Beat(page) > first);

        using var hang = new ManualResetEventSlim();
        _loops.All[1].Post(hang.Wait);
        await Task.Delay(2 * Heartbeat.PeriodMilliseconds);
        var last = Beat(page);
        await Task.Delay(3 * Heartbeat.PeriodMilliseconds);
        Assert.Equal(last, Beat(page));
        hang.Set();
        await Eventually(() => Beat(page) > last);
    }

    private static long Beat(string page) => BitConverter.ToInt64(File.ReadAllBytes(page), Heartbeat.Offset);

    private (IPEndPoint Outbound, IPEndPoint Inbound) AddPod(ulong netns, string address)
    {
        Socket[] pair = [NewSocket(), NewSocket()];
        foreach (var listener in pair)
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            _listeners.Add(listener);
        }
        _agent.Send(
            new FromAgent { PodAdded = new PodAdded { Netns = netns, Id = $"test/pod{netns}", Addresses = { address } } },
            pair[0].SafeHandle, pair[1].SafeHandle);
        return ((IPEndPoint)pair[0].LocalEndPoint!, (IPEndPoint)pair[1].LocalEndPoint!);
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static async Task<string> DialAsync(IPEndPoint listener)
    {
        using var socket = NewSocket();
        try
        {
            await socket.ConnectAsync(listener);
            return await socket.NextAsync();
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode switch
            {
                SocketError.ConnectionReset => "reset",
                SocketError.ConnectionRefused => "refused",
                _ => exception.Message,
            };
        }
    }

    private static async Task Eventually(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(10);
        }
    }
}
