using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Kernel;
using Xunit;
using static NodeMesh.NodeTests.Capture.Ebpf.CapturedPod;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>No way around the mesh for a process in a pod, with whatever sockets and privileges it has there.</summary>
public sealed class EbpfBypassTests
{
    [Fact(Timeout = 30_000)]
    public async Task An_IPv4_address_dialled_as_IPv6()
    {
        await using var pod = await CreateAsync();
        var app = pod.AppSocket(AddressFamily.InterNetworkV6);
        app.DualMode = true;

        await ConnectAsync(app, FarV4.MapToIPv6(), 8080);

        Assert.Equal((FarV4, 8080), Plain((await pod.AcceptAsync(pod.Outbound)).LocalEndPoint));
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task A_socket_bound_to_eth0_without_any_privilege(AddressFamily family)
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(family, 8080);
        var app = pod.AppSocket(family);

        AppCalls.WithoutCapabilities(() =>
        {
            AppCalls.BindToDevice(app, "eth0");
            app.Connect(new IPEndPoint(family == AddressFamily.InterNetwork ? FarV4 : FarV6, 8080));
        });

        var accepted = await pod.AcceptAsync(pod.Outbound);
        Assert.Equal(Plain(app.RemoteEndPoint), Plain(accepted.LocalEndPoint));
        await AssertTalkAsync(app, accepted);
        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_socket_bound_to_eth0_before_the_pod_was_enrolled()
    {
        await using var pod = await CreateAsync(add: false);
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var privileged = pod.AppSocket();
        var restricted = pod.AppSocket();
        AppCalls.BindToDevice(privileged, "eth0");
        AppCalls.BindToDevice(restricted, "eth0");

        pod.Add();

        await pod.AssertReachesAsync(privileged, FarV4, 8080, pod.Outbound);
        var refused = Assert.Throws<SocketException>(() => AppCalls.WithoutCapabilities(() => restricted.Connect(FarV4, 8080)));
        Assert.Equal(SocketError.AccessDenied, refused.SocketErrorCode);
        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_listener_bound_to_eth0_is_still_reached_through_the_mesh()
    {
        await using var pod = await CreateAsync();
        var app = pod.AppSocket();
        AppCalls.BindToDevice(app, "eth0");
        app.Bind(new IPEndPoint(IPAddress.Any, 0));
        app.Listen();
        var leg = pod.DialSocket(NodeMesh.Contract.SocketKind.InboundLegV4);
        leg.Bind(new IPEndPoint(LinkedPods.ClientV4, 0));

        await pod.AssertReachesAsync(leg, LinkedPods.PodV4, Plain(app.LocalEndPoint).Port, app);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(0x53a)]
    [InlineData(0x53b)]
    [InlineData(1)]
    public async Task A_mark_set_before_connecting(int mark)
    {
        await using var pod = await CreateAsync();
        var app = pod.AppSocket();
        AppCalls.Mark(app, mark);

        await pod.AssertReachesAsync(app, FarV4, 8080, pod.Outbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_mark_set_after_connecting_leads_nowhere()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var app = pod.AppSocket();
        await pod.AssertReachesAsync(app, FarV4, 8080, pod.Outbound);

        AppCalls.Mark(app, 0x53b);
        await app.SendAsync("past the mesh"u8.ToArray());

        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task TCP_Fast_Open()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var app = pod.AppSocket();
        var deferred = pod.AppSocket();
        AppCalls.DeferConnect(deferred);

        AppCalls.SendFast(app, new IPEndPoint(FarV4, 8080), "ping"u8);
        Assert.Equal((FarV4, 8080), Plain((await pod.AcceptAsync(pod.Outbound)).LocalEndPoint));

        await ConnectAsync(deferred, FarV4, 8080);
        await deferred.SendAsync("ping"u8.ToArray());
        Assert.Equal((FarV4, 8080), Plain((await pod.AcceptAsync(pod.Outbound)).LocalEndPoint));
        await AssertNobodyCameAsync(far);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("192.0.2.10")]
    [InlineData("2001:db8::10")]
    public async Task MPTCP(string destination)
    {
        await using var pod = await CreateAsync();
        var address = IPAddress.Parse(destination);
        var far = pod.FarListener(address.AddressFamily, 8080);
        var app = Netns.Run(pod.Pod.Netns, () => AppCalls.MptcpSocket(address.AddressFamily));
        Assert.SkipWhen(app is null, "this kernel has no MPTCP");
        pod.Own(app);

        await pod.AssertReachesAsync(app, address, 8080, pod.Outbound);

        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_listeners_own_ports_cannot_be_dialled()
    {
        await using var pod = await CreateAsync();
        int[] ports = [Plain(pod.Outbound.LocalEndPoint).Port, Plain(pod.Inbound.LocalEndPoint).Port];

        foreach (var port in ports)
        {
            await AssertRefusedAsync(pod.ClientSocket(), LinkedPods.PodV4, port);
            await AssertRefusedAsync(pod.ClientSocket(AddressFamily.InterNetworkV6), LinkedPods.PodV6, port);
            await AssertRefusedAsync(pod.AppSocket(), IPAddress.Loopback, port);
            await AssertRefusedAsync(pod.AppSocket(AddressFamily.InterNetworkV6), IPAddress.IPv6Loopback, port);
            await AssertRefusedAsync(pod.AppSocket(), LinkedPods.PodV4, port);
            await pod.AssertReachesAsync(pod.AppSocket(), FarV4, port, pod.Outbound); // elsewhere it is a port as any other
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task The_ports_of_listeners_that_were_just_replaced_cannot_be_dialled_either()
    {
        await using var pod = await CreateAsync();
        var before = Plain(pod.Inbound.LocalEndPoint).Port;

        pod.OpenListeners();
        pod.Add();

        await AssertRefusedAsync(pod.ClientSocket(), LinkedPods.PodV4, before);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork, 0)]
    [InlineData(AddressFamily.InterNetwork, 0x53b)]
    [InlineData(AddressFamily.InterNetworkV6, 0)]
    public async Task A_SYN_that_was_lost_and_is_sent_again_after_the_socket_was_marked(AddressFamily family, int mark)
    {
        await using var pod = await CreateAsync();
        var address = family == AddressFamily.InterNetwork ? FarV4 : FarV6;
        var far = pod.FarListener(family, 8080);
        pod.Outbound.Listen(0); // room for one connection that nobody accepts
        await ConnectAsync(pod.AppSocket(family), address, 8080);

        var app = pod.AppSocket(family);
        var connecting = BeginConnect(app, address, 8080);
        await Pause(300);
        Assert.False(connecting.IsCompleted);
        AppCalls.Mark(app, mark);
        await Pause(2_500); // the SYN is sent again after 1 s

        Assert.False(far.Poll(0, SelectMode.SelectRead));
        Assert.False(connecting.IsCompleted);
        Assert.InRange(pod.Capture.Counters(pod.Pod).BypassAttempts, 1, 3);
        app.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
    }

    [Fact(Timeout = 30_000)]
    public async Task Answering_the_peers_SYN_with_one_own_simultaneously()
    {
        await using var pod = await CreateAsync();
        pod.Outbound.Listen(0);
        await ConnectAsync(pod.AppSocket(), LinkedPods.ClientV4, 8080);

        // The app's SYN is lost on lo; the accomplice outside dials the same pair of ports the other way round.
        var app = pod.AppSocket();
        app.Bind(new IPEndPoint(LinkedPods.PodV4, 7001));
        var connecting = BeginConnect(app, LinkedPods.ClientV4, 7002);
        await Pause(100);
        AppCalls.Mark(app, 0);
        var accomplice = pod.ClientSocket();
        accomplice.Bind(new IPEndPoint(LinkedPods.ClientV4, 7002));
        var dialling = BeginConnect(accomplice, LinkedPods.PodV4, 7001);
        await Pause(2_500);

        Assert.False(dialling.IsCompletedSuccessfully);
        Assert.True(pod.Capture.Counters(pod.Pod).BypassAttempts > 0);
        app.Dispose();
        accomplice.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
        await Assert.ThrowsAnyAsync<Exception>(() => dialling);
    }
}
