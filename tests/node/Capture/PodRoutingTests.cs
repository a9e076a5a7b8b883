using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using Xunit;

namespace NodeMesh.NodeTests.Capture;

public sealed class PodRoutingTests
{
    [Fact(Timeout = 30_000)]
    public async Task Restoring_leaves_rules_routes_and_sysctls_exactly_as_found()
    {
        await using var pods = await LinkedPods.CreateAsync();
        await pods.InPodAsync("sysctl -q -w net.ipv6.fwmark_reflect=1");
        var before = await pods.DumpAsync();
        var routing = new PodRouting(pods.StateDirectory);

        routing.Apply(pods.Pod);
        Assert.NotEqual(before, await pods.DumpAsync());
        routing.Restore(pods.Pod);

        Assert.Equal(before, await pods.DumpAsync());
        Assert.Empty(Directory.GetFiles(Path.Combine(pods.StateDirectory, "pods")));
        routing.Restore(pods.Pod);
        Assert.Equal(before, await pods.DumpAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_successor_finds_nothing_to_do_and_restores_what_its_predecessor_found()
    {
        await using var pods = await LinkedPods.CreateAsync();
        var before = await pods.DumpAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        var applied = await pods.DumpAsync();
        var successor = new PodRouting(pods.StateDirectory);

        Assert.Empty(successor.Missing(pods.Pod));
        successor.Apply(pods.Pod);
        Assert.Equal(applied, await pods.DumpAsync());
        successor.Restore(pods.Pod);
        Assert.Equal(before, await pods.DumpAsync());
    }

    [Theory(Timeout = 30_000)]
    [InlineData("ip rule del pref 50", "fwmark 0x53a lookup 100")]
    [InlineData("ip -6 rule del pref 100", "lookup local")]
    [InlineData("ip rule add pref 0 lookup local", "0: from all lookup local")]
    [InlineData("ip route flush table 100", "table 100")]
    [InlineData("ip -6 route flush table 100", "table 100")]
    [InlineData("sysctl -q -w net.ipv4.tcp_fwmark_accept=0", "ipv4/tcp_fwmark_accept is 0")]
    public async Task What_somebody_removed_is_named_and_mended(string removal, string words)
    {
        await using var pods = await LinkedPods.CreateAsync();
        var before = await pods.DumpAsync();
        var routing = new PodRouting(pods.StateDirectory);
        routing.Apply(pods.Pod);
        var applied = await pods.DumpAsync();

        await pods.InPodAsync(removal);

        Assert.Contains(words, Assert.Single(routing.Missing(pods.Pod)));
        routing.Apply(pods.Pod);
        Assert.Empty(routing.Missing(pods.Pod));
        Assert.Equal(applied, await pods.DumpAsync());
        routing.Restore(pods.Pod);
        Assert.Equal(before, await pods.DumpAsync());
    }

    [Theory(Timeout = 30_000)]
    [InlineData("ip rule add pref 50 from 10.0.0.0/8 lookup 7", "above 100")]
    [InlineData("ip -6 rule add pref 100 iif eth0 lookup main", "above 100")]
    [InlineData("ip route add 10.9.0.0/16 dev eth0 table 100", "table 100")]
    public async Task A_rule_or_route_in_the_way_is_an_error_that_changes_nothing(string foreign, string remedy)
    {
        await using var pods = await LinkedPods.CreateAsync();
        await pods.InPodAsync(foreign);
        var before = await pods.DumpAsync();

        var error = Assert.Throws<CaptureException>(() => new PodRouting(pods.StateDirectory).Apply(pods.Pod));

        Assert.Contains("test/pod", error.Message);
        Assert.Contains(remedy, error.Message);
        Assert.Equal(before, await pods.DumpAsync());
    }

    [Theory(Timeout = 30_000)]
    [InlineData("192.0.2.77", AddressFamily.InterNetwork)]
    [InlineData("2001:db8::77", AddressFamily.InterNetworkV6)]
    public async Task A_marked_connection_to_anywhere_arrives_on_lo_from_the_pods_own_address(string elsewhere, AddressFamily family)
    {
        await using var pods = await LinkedPods.CreateAsync();
        new PodRouting(pods.StateDirectory).Apply(pods.Pod);
        using var listeners = PodListeners.Open(pods.Pod);
        using var listener = new Socket(listeners.Outbound);
        using var app = pods.PodSocket(family);
        app.SetRawSocketOption(1, 36, BitConverter.GetBytes(LoopMark.Loop));
        var destination = new IPEndPoint(IPAddress.Parse(elsewhere), ((IPEndPoint)listener.LocalEndPoint!).Port);

        await app.ConnectAsync(destination, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);

        var local = (IPEndPoint)app.LocalEndPoint!;
        Assert.Equal(family == AddressFamily.InterNetwork ? LinkedPods.PodV4 : LinkedPods.PodV6, local.Address);
        Assert.Equal(new IPEndPoint(local.Address.MapToIPv6(), local.Port), accepted.RemoteEndPoint);
        Assert.Equal(new IPEndPoint(destination.Address.MapToIPv6(), destination.Port), accepted.LocalEndPoint);
    }

    [Fact(Timeout = 30_000)]
    public async Task IPv6_is_left_alone_where_lo_has_none_of_it()
    {
        await using var pods = await LinkedPods.CreateAsync();
        await pods.InPodAsync("sysctl -q -w net.ipv6.conf.lo.disable_ipv6=1");
        var rules = await pods.InPodAsync("ip -6 -d rule");
        var routing = new PodRouting(pods.StateDirectory);

        routing.Apply(pods.Pod);

        Assert.Equal(rules, await pods.InPodAsync("ip -6 -d rule"));
        Assert.Contains("IPv6 is disabled on its lo", Assert.Single(routing.Missing(pods.Pod)));
    }
}
