using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Capture.Iptables;
using Xunit;
using static NodeMesh.NodeTests.Capture.IptablesScene;

namespace NodeMesh.NodeTests.Capture;

/// <summary>Coming, staying, being taken over and going without a trace.</summary>
public sealed class IptablesLifeCycleTests
{
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("192.0.2.10"), 80);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Leaving_a_pod_leaves_it_exactly_as_found()
    {
        await using var scene = await PrepareAsync();
        // So that the sysctls of conntrack are there before and after, and a table that is somebody else's.
        await scene.Pods.InPodAsync("iptables -t mangle -A FORWARD -m conntrack --ctstate INVALID -j DROP");
        var before = await scene.Pods.DumpAsync();

        scene.Enrol();
        Assert.NotEqual(before, await scene.Pods.DumpAsync());
        scene.Withdraw();

        Assert.Equal(before, await scene.Pods.DumpAsync());
        scene.Withdraw();
        Assert.Equal(before, await scene.Pods.DumpAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Leaving_a_pod_without_tables_leaves_it_without_tables()
    {
        await using var scene = await PrepareAsync();
        var before = await scene.Pods.InPodAsync("nft list ruleset");

        scene.Enrol();
        scene.Withdraw();

        Assert.Equal(before, await scene.Pods.InPodAsync("nft list ruleset"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Leaving_legacy_tables_leaves_no_rule_and_no_chain()
    {
        await using var scene = await CreateAsync(suffix: "-legacy");

        scene.Withdraw();

        Assert.DoesNotContain("-A ", await scene.Pods.InPodAsync("iptables-legacy-save"));
        Assert.DoesNotContain("NODEMESH", await scene.Pods.InPodAsync("ip6tables-legacy-save"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("-legacy")]
    public async Task Adding_a_pod_again_changes_nothing_and_nothing_is_missing(string backend)
    {
        await using var scene = await CreateAsync(suffix: backend);
        Assert.Empty(scene.Capture.Missing(scene.Pods.Pod));
        var once = await scene.Pods.DumpAsync();

        scene.Capture.Add(scene.Pods.Pod, scene.Listeners);

        Assert.Equal(once, await scene.Pods.DumpAsync());
        Assert.Empty(scene.Capture.Missing(scene.Pods.Pod));
        Assert.Empty(scene.Capture.Missing(scene.Pods.Pod));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("iptables -t mangle -D OUTPUT -p tcp -j NODEMESH_OUT")]
    [InlineData("ip6tables -t mangle -F NODEMESH_IN")]
    [InlineData("iptables -t mangle -D NODEMESH_OUT 3")]
    [InlineData("iptables -t filter -F")]
    [InlineData("sysctl -q -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=60")]
    public async Task What_somebody_removed_is_noticed_and_mended(string removal)
    {
        await using var scene = await CreateAsync();
        Assert.Empty(scene.Capture.Missing(scene.Pods.Pod));

        await scene.Pods.InPodAsync(removal);

        Assert.NotEmpty(scene.Capture.Missing(scene.Pods.Pod));
        scene.Capture.Add(scene.Pods.Pod, scene.Listeners);
        Assert.Empty(scene.Capture.Missing(scene.Pods.Pod));
        using var app = scene.Pods.PodSocket();
        await app.ConnectAsync(Elsewhere, Cancellation);
        using var accepted = await scene.Outbound.AcceptAsync(Cancellation);
        await AssertTalkAsync(app, accepted, Cancellation);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_successor_takes_over_without_breaking_a_connection_and_restores_what_the_first_found()
    {
        await using var scene = await PrepareAsync();
        await scene.Pods.InPodAsync("iptables -t mangle -A FORWARD -m conntrack --ctstate INVALID -j DROP");
        var before = await scene.Pods.DumpAsync();
        scene.Enrol();
        using var old = scene.Pods.PodSocket();
        await old.ConnectAsync(Elsewhere, Cancellation);
        using var oldAccepted = await scene.Outbound.AcceptAsync(Cancellation);

        scene.Succeed();

        await AssertTalkAsync(old, oldAccepted, Cancellation);
        using var app = scene.Pods.PodSocket();
        await app.ConnectAsync(Elsewhere, Cancellation);
        using var accepted = await scene.Outbound.AcceptAsync(Cancellation);
        await AssertTalkAsync(app, accepted, Cancellation);
        scene.Withdraw();
        Assert.Equal(before, await scene.Pods.DumpAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task After_removal_connections_under_way_go_on_and_new_ones_are_not_steered()
    {
        await using var scene = await CreateAsync();
        using var peer = LinkedPods.Listen(scene.Pods.Client);
        using var old = scene.Pods.PodSocket();
        await old.ConnectAsync(Elsewhere, Cancellation);
        using var accepted = await scene.Outbound.AcceptAsync(Cancellation);

        scene.Capture.Remove(scene.Pods.Pod);

        await AssertTalkAsync(old, accepted, Cancellation);
        using var fresh = scene.Pods.PodSocket();
        await fresh.ConnectAsync(new IPEndPoint(Elsewhere.Address, ((IPEndPoint)peer.LocalEndPoint!).Port), Cancellation);
        using var direct = await peer.AcceptAsync(Cancellation);
        await AssertTalkAsync(fresh, direct, Cancellation);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_is_gone_can_be_removed()
    {
        await using var scene = await CreateAsync();
        scene.Pods.Pod.Netns.Dispose();

        scene.Withdraw();

        Assert.Empty(Directory.GetFiles(Path.Combine(scene.Pods.StateDirectory, "pods")));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_error_names_the_pod_and_the_command()
    {
        await using var scene = await PrepareAsync(suffix: "-legacy");
        var error = Assert.Throws<CaptureException>(() => IptablesBackend.Run("nodemesh-none", [], ""));

        Assert.Contains("nodemesh-none", error.Message);
        Assert.Contains("packages", error.Message);
    }
}
