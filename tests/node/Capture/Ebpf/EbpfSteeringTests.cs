using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.NodeTests.Capture.Ebpf.CapturedPod;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>Which socket a new connection of a captured pod ends on.</summary>
public sealed class EbpfSteeringTests
{
    [Theory(Timeout = 30_000)]
    [InlineData("192.0.2.10")]
    [InlineData("2001:db8::10")]
    [InlineData("10.83.0.1")]
    [InlineData("203.0.113.77")] // nobody has it: the mesh accepts all the same
    public async Task What_the_app_dials_comes_to_the_outbound_listener_with_its_original_destination(string destination)
    {
        await using var pod = await CreateAsync();
        var address = IPAddress.Parse(destination);
        var app = pod.AppSocket(address.AddressFamily);

        await pod.AssertReachesAsync(app, address, 8080, pod.Outbound);

        Assert.Equal(address.AddressFamily == AddressFamily.InterNetwork ? LinkedPods.PodV4 : LinkedPods.PodV6, Plain(app.LocalEndPoint).Address);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task What_dials_the_pod_comes_to_the_inbound_listener_with_the_clients_address(AddressFamily family)
    {
        await using var pod = await CreateAsync();
        var (podAddress, clientAddress) = Ends(family);
        var client = pod.ClientSocket(family);

        await pod.AssertReachesAsync(client, podAddress, 8080, pod.Inbound);

        Assert.Equal(clientAddress, Plain(client.LocalEndPoint).Address);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork, SocketKind.InboundLegV4)]
    [InlineData(AddressFamily.InterNetworkV6, SocketKind.InboundLegV6)]
    public async Task The_inbound_leg_reaches_the_app_which_sees_the_client(AddressFamily family, SocketKind kind)
    {
        await using var pod = await CreateAsync();
        var (podAddress, clientAddress) = Ends(family);
        var app = pod.AppListener(family);
        var leg = pod.DialSocket(kind);
        leg.Bind(new IPEndPoint(clientAddress, 0));

        await pod.AssertReachesAsync(leg, podAddress, Plain(app.LocalEndPoint).Port, app);

        await AssertNobodyCameAsync(pod.Inbound);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork, SocketKind.InboundLegV4)]
    [InlineData(AddressFamily.InterNetworkV6, SocketKind.InboundLegV6)]
    public async Task The_inbound_leg_to_a_closed_port_is_refused_at_once(AddressFamily family, SocketKind kind)
    {
        await using var pod = await CreateAsync();
        var (podAddress, clientAddress) = Ends(family);
        var leg = pod.DialSocket(kind);
        leg.Bind(new IPEndPoint(clientAddress, 0));

        await AssertRefusedAsync(leg, podAddress, 9);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(AddressFamily.InterNetwork, SocketKind.UpstreamV4)]
    [InlineData(AddressFamily.InterNetworkV6, SocketKind.UpstreamV6)]
    public async Task The_meshs_own_sockets_leave_the_pod_with_the_pods_address(AddressFamily family, SocketKind kind)
    {
        await using var pod = await CreateAsync();
        var (podAddress, clientAddress) = Ends(family);
        var far = pod.FarListener(family);
        var upstream = pod.DialSocket(kind);

        await pod.AssertReachesAsync(upstream, clientAddress, Plain(far.LocalEndPoint).Port, far);

        Assert.Equal(podAddress, Plain(upstream.LocalEndPoint).Address);
        Assert.Equal(default, pod.Capture.Counters(pod.Pod));
    }

    [Theory(Timeout = 30_000)]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("10.83.0.2")]
    [InlineData("fd83::2")]
    public async Task The_pods_talk_with_itself_stays_its_own(string own)
    {
        await using var pod = await CreateAsync();
        var address = IPAddress.Parse(own);
        var listener = pod.AppListener(address.AddressFamily);

        await pod.AssertReachesAsync(pod.AppSocket(address.AddressFamily), address, Plain(listener.LocalEndPoint).Port, listener);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_unspecified_address_is_the_pod_itself()
    {
        await using var pod = await CreateAsync();
        var listener = pod.AppListener();

        await ConnectAsync(pod.AppSocket(), IPAddress.Any, Plain(listener.LocalEndPoint).Port);

        await pod.AcceptAsync(listener);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_namespace_that_is_not_enrolled_is_left_alone()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener();

        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.ClientV4, Plain(far.LocalEndPoint).Port, far);
    }

    [Fact(Timeout = 30_000)]
    public async Task Connections_from_before_enrolment_go_on_and_are_not_taken_over()
    {
        await using var pod = await CreateAsync(add: false);
        var far = pod.FarListener();
        var app = pod.AppListener();
        var outbound = pod.AppSocket();
        await ConnectAsync(outbound, LinkedPods.ClientV4, Plain(far.LocalEndPoint).Port);
        var outboundPeer = await pod.AcceptAsync(far);
        var inbound = pod.ClientSocket();
        await ConnectAsync(inbound, LinkedPods.PodV4, Plain(app.LocalEndPoint).Port);
        var inboundPeer = await pod.AcceptAsync(app);

        pod.Add();

        await AssertTalkAsync(outbound, outboundPeer);
        await AssertTalkAsync(inbound, inboundPeer);
        await AssertNobodyCameAsync(pod.Outbound);
        await AssertNobodyCameAsync(pod.Inbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task Excluded_outbound_ports_and_networks_leave_unmeshed_and_nothing_else_does()
    {
        await using var pod = await CreateAsync(PodCaptureOptions.Default with
        {
            ExcludedOutboundPorts = [5432, 6379],
            ExcludedOutboundNetworks = [IPNetwork.Parse("192.0.2.8/29"), IPNetwork.Parse("2001:db8::/64")],
        });
        var database = pod.FarListener(AddressFamily.InterNetwork, 6379);
        var web = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var web6 = pod.FarListener(AddressFamily.InterNetworkV6, 8081);

        await pod.AssertReachesAsync(pod.AppSocket(), LinkedPods.ClientV4, 6379, database);
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, web);
        var java = pod.AppSocket(AddressFamily.InterNetworkV6);
        java.DualMode = true;
        await ConnectAsync(java, FarV4.MapToIPv6(), 8080);
        await pod.AcceptAsync(web);
        await pod.AssertReachesAsync(pod.AppSocket(AddressFamily.InterNetworkV6), FarV6, 8081, web6);

        await pod.AssertReachesAsync(pod.AppSocket(), LinkedPods.ClientV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.AppSocket(), IPAddress.Parse("192.0.2.16"), 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.AppSocket(AddressFamily.InterNetworkV6), IPAddress.Parse("2001:db8:0:1::1"), 8081, pod.Outbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task An_excluded_inbound_port_is_reached_unmeshed()
    {
        await using var pod = await CreateAsync(PodCaptureOptions.Default with { ExcludedInboundPorts = [9100] });
        var metrics = pod.AppListener(AddressFamily.InterNetwork, 9100);
        _ = pod.AppListener(AddressFamily.InterNetwork, 9101);

        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 9100, metrics);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 9101, pod.Inbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task New_options_replace_the_old_ones_at_once()
    {
        await using var pod = await CreateAsync(PodCaptureOptions.Default with { ExcludedOutboundNetworks = [IPNetwork.Parse("192.0.2.0/24")] });
        var far = pod.FarListener();

        pod.Capture.Add(pod.Pod with { Options = PodCaptureOptions.Default }, pod.Listeners);

        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, Plain(far.LocalEndPoint).Port, pod.Outbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task UDP_passes_and_is_counted()
    {
        await using var pod = await CreateAsync();
        using var server = NodeMesh.Agent.Kernel.Netns.Run(pod.Pods.Client, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        server.Bind(new IPEndPoint(IPAddress.Any, 0));
        using var client = NodeMesh.Agent.Kernel.Netns.Run(pod.Pod.Netns, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        for (var i = 0; i < 3; i++)
        {
            client.SendTo("query"u8, new IPEndPoint(LinkedPods.ClientV4, Plain(server.LocalEndPoint).Port));
            Assert.Equal(5, server.Receive(new byte[16]));
        }

        Assert.Equal(new PodCounters(0, 0, 3), pod.Capture.Counters(pod.Pod));
    }

    private static (IPAddress Pod, IPAddress Client) Ends(AddressFamily family) =>
        family == AddressFamily.InterNetwork ? (LinkedPods.PodV4, LinkedPods.ClientV4) : (LinkedPods.PodV6, LinkedPods.ClientV6);
}
