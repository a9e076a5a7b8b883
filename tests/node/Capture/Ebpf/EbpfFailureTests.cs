using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using Xunit;
using static NodeMesh.NodeTests.Capture.Ebpf.CapturedPod;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>What new connections meet while no proxy is alive.</summary>
public sealed class EbpfFailureTests
{
    private static readonly PodCaptureOptions Open = PodCaptureOptions.Default with { OnFailure = FailurePolicy.Open };

    [Fact(Timeout = 30_000)]
    public async Task Closed_a_silent_proxys_connections_are_refused_at_once_until_it_beats_again()
    {
        await using var pod = await CreateAsync();
        using var proxy = new ProxyHeart(pod.Capture.HeartbeatPage!);
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var app = pod.AppListener(AddressFamily.InterNetwork, 8080);

        proxy.Stop();
        await AssertRefusedAsync(pod.AppSocket(), FarV4, 8080);
        await AssertRefusedAsync(pod.AppSocket(AddressFamily.InterNetworkV6), FarV6, 8080);
        await AssertRefusedAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080);
        await AssertNobodyCameAsync(far);
        await AssertNobodyCameAsync(app);

        proxy.Beat();
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);
        Assert.Equal(0, pod.Capture.Counters(pod.Pod).Unmeshed);
    }

    [Fact(Timeout = 30_000)]
    public async Task Open_a_silent_proxys_connections_pass_unmeshed_and_are_counted_until_it_beats_again()
    {
        await using var pod = await CreateAsync(Open);
        using var proxy = new ProxyHeart(pod.Capture.HeartbeatPage!);
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var app = pod.AppListener(AddressFamily.InterNetwork, 8080);

        proxy.Stop();
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, far);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, app);
        Assert.Equal(new PodCounters(0, 2, 0), pod.Capture.Counters(pod.Pod));

        proxy.Beat();
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_both_listeners_are_closed_the_policy_holds_inbound_before_the_heartbeat_is_old(bool open)
    {
        await using var pod = await CreateAsync(open ? Open : PodCaptureOptions.Default);
        var app = pod.AppListener(AddressFamily.InterNetwork, 8080);
        pod.Outbound.Dispose();
        pod.Inbound.Dispose();

        if (open)
        {
            await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, app);
            Assert.Equal(1, pod.Capture.Counters(pod.Pod).Unmeshed);
        }
        else
        {
            await AssertRefusedAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080);
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task When_both_listeners_are_closed_what_the_app_dials_is_refused_before_the_heartbeat_is_old()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        pod.Outbound.Dispose();
        pod.Inbound.Dispose();

        await AssertRefusedAsync(pod.AppSocket(), FarV4, 8080);

        pod.OpenListeners();
        pod.Add();
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_first_proxy_has_the_whole_limit_to_start()
    {
        await using var pod = await CreateAsync(Open, beatLimit: TimeSpan.FromSeconds(3));
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);

        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await Pause(3_000);
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, far);
    }
}
