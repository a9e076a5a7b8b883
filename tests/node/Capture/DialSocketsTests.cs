using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Kernel;
using NodeMesh.Contract;
using NodeMesh.Proxy.Dialing;
using Xunit;
using DialSockets = NodeMesh.Agent.Capture.DialSockets;

namespace NodeMesh.NodeTests.Capture;

public sealed class DialSocketsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.InboundLegV4)]
    [InlineData(SocketKind.InboundLegV6)]
    public async Task The_app_sees_the_clients_address_on_an_inbound_leg_and_its_answer_comes_back(SocketKind kind)
    {
        await using var pods = await LinkedPods.CreateAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        var (family, client, pod) = Addresses(kind);
        using var app = LinkedPods.Listen(pods.Pod.Netns, family);
        using var leg = Make(pods, kind);

        leg.Bind(new IPEndPoint(client, 0));
        await leg.ConnectAsync(new IPEndPoint(pod, ((IPEndPoint)app.LocalEndPoint!).Port), Cancellation);
        using var accepted = await app.AcceptAsync(Cancellation);
        await accepted.SendAsync("hello"u8.ToArray(), Cancellation);
        var buffer = new byte[16];

        Assert.Equal(5, await leg.ReceiveAsync(buffer, Cancellation));
        Assert.Equal(client, ((IPEndPoint)accepted.RemoteEndPoint!).Address);
        Assert.Equal(leg.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.True(leg.NoDelay);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.InboundLegV4)]
    [InlineData(SocketKind.InboundLegV6)]
    public async Task A_closed_port_refuses_an_inbound_leg_at_once(SocketKind kind)
    {
        await using var pods = await LinkedPods.CreateAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        var (_, client, pod) = Addresses(kind);
        using var leg = Make(pods, kind);
        leg.Bind(new IPEndPoint(client, 0));
        var started = TimeProvider.System.GetTimestamp();

        var error = await Assert.ThrowsAsync<SocketException>(() => leg.ConnectAsync(new IPEndPoint(pod, 1), Cancellation).AsTask());

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, 0, 500);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.UpstreamV4)]
    [InlineData(SocketKind.UpstreamV6)]
    public async Task An_upstream_leaves_with_the_pods_own_address(SocketKind kind)
    {
        await using var pods = await LinkedPods.CreateAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        var (family, client, pod) = Addresses(kind);
        using var peer = LinkedPods.Listen(pods.Client, family);
        using var upstream = Make(pods, kind);

        await upstream.ConnectAsync(new IPEndPoint(client, ((IPEndPoint)peer.LocalEndPoint!).Port), Cancellation);
        using var accepted = await peer.AcceptAsync(Cancellation);

        Assert.Equal(pod, ((IPEndPoint)accepted.RemoteEndPoint!).Address);
        Assert.True(upstream.NoDelay);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.UpstreamV4)]
    [InlineData(SocketKind.UpstreamV6)]
    public async Task An_upstream_keeps_off_the_ports_of_legs_whatever_the_pods_own_range(SocketKind kind)
    {
        await using var pods = await LinkedPods.CreateAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        Netns.Run(pods.Pod.Netns, () => File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", "60900 65000"));
        var (family, client, _) = Addresses(kind);
        using var peer = LinkedPods.Listen(pods.Client, family);

        for (var i = 0; i < 20; i++)
        {
            using var upstream = Make(pods, kind);
            await upstream.ConnectAsync(new IPEndPoint(client, ((IPEndPoint)peer.LocalEndPoint!).Port), Cancellation);
            using var accepted = await peer.AcceptAsync(Cancellation);

            Assert.InRange(((IPEndPoint)accepted.RemoteEndPoint!).Port, 60900, LegPorts.First - 1);
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Every_socket_of_a_batch_is_made_known_as_the_meshs_own()
    {
        await using var pods = await LinkedPods.CreateAsync();
        var owned = new List<SafeSocketHandle>();

        var made = DialSockets.Make(pods.Pod, SocketKind.UpstreamV4, 32, owned.Add);

        Assert.Equal(32, made.Count);
        Assert.Equal(made, owned);
        owned.ForEach(socket => socket.Dispose());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_batch_whose_sockets_cannot_be_owned_leaves_none_open()
    {
        await using var pods = await LinkedPods.CreateAsync();
        var made = new List<SafeSocketHandle>();

        Assert.Throws<CaptureException>(() => DialSockets.Make(pods.Pod, SocketKind.UpstreamV4, 4, socket =>
        {
            made.Add(socket);
            throw new CaptureException("refused");
        }));

        Assert.True(Assert.Single(made).IsClosed);
    }

    [Fact(Timeout = 30_000)]
    public async Task Listeners_are_dual_stack_and_in_the_pods_namespace()
    {
        await using var pods = await LinkedPods.CreateAsync();
        using var listeners = PodListeners.Open(pods.Pod);
        using var inbound = new Socket(listeners.Inbound);
        var port = ((IPEndPoint)inbound.LocalEndPoint!).Port;
        using var v4 = pods.ClientSocket();
        using var v6 = pods.ClientSocket(AddressFamily.InterNetworkV6);

        await v4.ConnectAsync(new IPEndPoint(LinkedPods.PodV4, port), Cancellation);
        await v6.ConnectAsync(new IPEndPoint(LinkedPods.PodV6, port), Cancellation);
        using var first = await inbound.AcceptAsync(Cancellation);
        using var second = await inbound.AcceptAsync(Cancellation);

        Assert.Equal(LinkedPods.ClientV4.MapToIPv6(), ((IPEndPoint)first.RemoteEndPoint!).Address);
        Assert.Equal(LinkedPods.ClientV6, ((IPEndPoint)second.RemoteEndPoint!).Address);
        Assert.True(first.NoDelay);
    }

    private static Socket Make(LinkedPods pods, SocketKind kind) => new(DialSockets.Make(pods.Pod, kind, 1, _ => { })[0]);

    private static (AddressFamily Family, IPAddress Client, IPAddress Pod) Addresses(SocketKind kind) =>
        kind is SocketKind.InboundLegV4 or SocketKind.UpstreamV4
            ? (AddressFamily.InterNetwork, LinkedPods.ClientV4, LinkedPods.PodV4)
            : (AddressFamily.InterNetworkV6, LinkedPods.ClientV6, LinkedPods.PodV6);
}
