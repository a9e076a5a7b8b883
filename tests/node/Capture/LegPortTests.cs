using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using NodeMesh.Contract;
using NodeMesh.Proxy.Dialing;
using Xunit;
using DialSockets = NodeMesh.Agent.Capture.DialSockets;

namespace NodeMesh.NodeTests.Capture;

/// <summary>Why <see cref="LegPorts"/> exists. A listener that is closed again stands for the proxy's: what it accepted lives on beside the app.</summary>
public sealed class LegPortTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.InboundLegV4)]
    [InlineData(SocketKind.InboundLegV6)]
    public async Task A_leg_from_the_clients_own_port_never_reaches_the_app_and_harms_nobody(SocketKind kind)
    {
        await using var scene = await Scene.CreateAsync(kind);
        using var leg = scene.Leg(((IPEndPoint)scene.Client.LocalEndPoint!).Port);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(1.5));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leg.ConnectAsync(scene.App.LocalEndPoint!, patience.Token).AsTask());

        var buffer = new byte[4];
        await scene.Client.SendAsync("ping"u8.ToArray(), Cancellation);
        Assert.Equal(4, await scene.Downstream.ReceiveAsync(buffer, Cancellation));
    }

    [Theory(Timeout = 30_000)]
    [InlineData(SocketKind.InboundLegV4)]
    [InlineData(SocketKind.InboundLegV6)]
    public async Task A_leg_from_a_leg_port_reaches_the_app_beside_the_clients_connection(SocketKind kind)
    {
        await using var scene = await Scene.CreateAsync(kind);
        var port = LegPorts.Next();
        using var leg = scene.Leg(port);

        await leg.ConnectAsync(scene.App.LocalEndPoint!, Cancellation);
        using var accepted = await scene.App.AcceptAsync(Cancellation);

        Assert.Equal(new IPEndPoint(((IPEndPoint)scene.Client.LocalEndPoint!).Address, port), accepted.RemoteEndPoint);
        Assert.NotEqual(port, ((IPEndPoint)scene.Client.LocalEndPoint!).Port);
    }

    [Fact(Timeout = 30_000)]
    public async Task Two_legs_from_one_port_to_one_app_are_refused_at_once_and_the_kernels_choice_still_works()
    {
        await using var scene = await Scene.CreateAsync(SocketKind.InboundLegV4);
        using var first = scene.Leg(LegPorts.Last);
        await first.ConnectAsync(scene.App.LocalEndPoint!, Cancellation);
        using var second = scene.Leg(LegPorts.Last);
        using var third = scene.Leg(0);

        var error = await Assert.ThrowsAsync<SocketException>(() => second.ConnectAsync(scene.App.LocalEndPoint!, Cancellation).AsTask());
        await third.ConnectAsync(scene.App.LocalEndPoint!, Cancellation);

        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
    }

    [Fact]
    public void Leg_ports_stay_in_their_range_and_come_in_turn()
    {
        var ports = Enumerable.Range(0, 10_000).Select(_ => LegPorts.Next()).ToList();

        Assert.All(ports, port => Assert.InRange(port, LegPorts.First, LegPorts.Last));
        Assert.Equal(LegPorts.Last - LegPorts.First + 1, ports.Distinct().Count());
    }

    private sealed class Scene(LinkedPods pods, SocketKind kind, Socket client, Socket downstream, Socket app) : IAsyncDisposable
    {
        public Socket Client => client;

        public Socket Downstream => downstream;

        public Socket App => app;

        public static async Task<Scene> CreateAsync(SocketKind kind)
        {
            var pods = await LinkedPods.CreateAsync();
            new PodRouting(pods.StateDirectory).Apply(pods.Pod);
            var v4 = kind == SocketKind.InboundLegV4;
            var family = v4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
            var address = v4 ? LinkedPods.PodV4 : LinkedPods.PodV6;
            using var listener = pods.PodSocket(family);
            listener.Bind(new IPEndPoint(address, 0));
            listener.Listen();
            var client = pods.ClientSocket(family);
            await client.ConnectAsync(listener.LocalEndPoint!, Cancellation);
            var downstream = await listener.AcceptAsync(Cancellation);
            var place = listener.LocalEndPoint!;
            listener.Dispose();
            var app = pods.PodSocket(family);
            app.Bind(place);
            app.Listen();
            return new Scene(pods, kind, client, downstream, app);
        }

        public Socket Leg(int port)
        {
            var leg = new Socket(DialSockets.Make(pods.Pod, kind, 1, _ => { })[0]);
            leg.Bind(new IPEndPoint(((IPEndPoint)client.LocalEndPoint!).Address, port));
            return leg;
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            downstream.Dispose();
            app.Dispose();
            await pods.DisposeAsync();
        }
    }
}
