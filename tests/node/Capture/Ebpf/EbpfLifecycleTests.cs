using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Capture.Ebpf;
using NodeMesh.Agent.Kernel;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.NodeTests.Capture.Ebpf.CapturedPod;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>What is in the kernel, from the first agent to the last.</summary>
public sealed class EbpfLifecycleTests
{
    [Fact]
    public void The_probe_says_what_it_found() => Assert.Equal(ProbeOutcome.There, EbpfProbe.Run().Outcome);

    [Fact(Timeout = 30_000)]
    public async Task Capture_goes_on_while_no_agent_runs_and_the_next_agent_adopts_it()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var upstream = pod.DialSocket(SocketKind.UpstreamV4);
        var links = Links(pod);

        pod.Capture.Dispose();
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);

        pod.ReplaceAgent();
        Assert.Empty(pod.Capture.Missing(pod.Pod));
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(upstream, FarV4, 8080, far); // a socket its predecessor made is still known as the mesh's own

        pod.OpenListeners();
        pod.Add();
        Assert.Empty(pod.Capture.Missing(pod.Pod));
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);
        Assert.Equal(links, Links(pod)); // swapped in place, never attached beside each other
    }

    [Fact(Timeout = 30_000)]
    public async Task No_connection_is_lost_or_passes_unmeshed_while_agents_replace_each_other()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        using var stop = new CancellationTokenSource();
        var dialling = Task.Run(async () =>
        {
            var count = 0;
            for (; !stop.IsCancellationRequested; count++)
            {
                using var app = pod.Pods.PodSocket();
                await ConnectAsync(app, FarV4, 8080);
                (await pod.AcceptAsync(pod.Outbound)).Dispose();
            }
            return count;
        });

        for (var i = 0; i < 10; i++)
        {
            pod.ReplaceAgent();
            pod.Add();
        }
        await stop.CancelAsync();

        Assert.True(await dialling > 10);
        await AssertNobodyCameAsync(far);
    }

    [Fact(Timeout = 30_000)]
    public async Task Closing_leaves_no_program_no_pin_and_no_mount()
    {
        await using var pod = await CreateAsync();
        var far = pod.FarListener(AddressFamily.InterNetwork, 8080);
        var bpf = Path.Combine(pod.Pods.StateDirectory, "bpf");
        var held = LinkPaths(pod).Select(path => pod.Own(BpfLink.OpenPinned(path)!)).ToList();
        Assert.All(held, link => Assert.NotEqual(0ul, link.Target()));

        pod.Capture.Remove(pod.Pod);
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, far);
        pod.Capture.Close();

        Assert.All(held, link => Assert.Equal(0ul, link.Target()));
        Assert.False(BpfFileSystem.IsMounted(bpf));
        Assert.False(Directory.Exists(bpf));
    }

    [Fact(Timeout = 30_000)]
    public async Task Removing_a_pod_is_idempotent_and_leaves_its_connections_alone()
    {
        await using var pod = await CreateAsync();
        var app = pod.AppSocket();
        await ConnectAsync(app, FarV4, 8080);
        var proxy = await pod.AcceptAsync(pod.Outbound);

        pod.Capture.Remove(pod.Pod);
        pod.Capture.Remove(pod.Pod);

        await AssertTalkAsync(app, proxy);
        Assert.Contains(pod.Capture.Missing(pod.Pod), missing => missing.Contains("not in the map pods"));
        Assert.Equal(default, pod.Capture.Counters(pod.Pod));
        pod.Add();
        Assert.Empty(pod.Capture.Missing(pod.Pod));
    }

    [Theory(Timeout = 30_000)]
    [InlineData("links/nm_connect4", "nm_connect4 is not attached")]
    [InlineData("links/nm_connect6", "nm_connect6 is not attached")]
    [InlineData("links/nm_egress", "nm_egress is not attached")]
    [InlineData("links/nm_setsockopt", "nm_setsockopt is not attached")]
    [InlineData("maps/pods", "the map pods is not pinned")]
    [InlineData("pods/COOKIE/link", "sk_lookup is not attached")]
    [InlineData("pods/COOKIE/listeners", "the outbound listener is not in the map")]
    public async Task What_somebody_removed_is_named_and_mended(string pin, string words)
    {
        await using var pod = await CreateAsync();
        Assert.Empty(pod.Capture.Missing(pod.Pod));

        File.Delete(Path.Combine(pod.Pods.StateDirectory, "bpf", pin.Replace("COOKIE", $"{pod.Pod.Cookie}")));
        Assert.Contains(pod.Capture.Missing(pod.Pod), missing => missing.Contains(words));

        pod.Add();
        Assert.Empty(pod.Capture.Missing(pod.Pod));
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
        await pod.AssertReachesAsync(pod.ClientSocket(), LinkedPods.PodV4, 8080, pod.Inbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_somebody_detached_is_named_and_mended()
    {
        await using var pod = await CreateAsync();
        foreach (var path in LinkPaths(pod))
        {
            using var link = BpfLink.OpenPinned(path)!;
            link.Detach();
        }

        Assert.Equal(5, pod.Capture.Missing(pod.Pod).Count);

        pod.Add();
        Assert.Empty(pod.Capture.Missing(pod.Pod));
        await pod.AssertReachesAsync(pod.AppSocket(), FarV4, 8080, pod.Outbound);
    }

    [Fact(Timeout = 30_000)]
    public async Task Listeners_that_were_closed_are_named()
    {
        await using var pod = await CreateAsync();
        pod.Outbound.Dispose();

        Assert.Contains("outbound listener", Assert.Single(pod.Capture.Missing(pod.Pod)));
    }

    [Fact(Timeout = 30_000)]
    public async Task Nothing_stays_of_a_pod_whose_namespace_went_while_no_agent_ran()
    {
        await using var pod = await CreateAsync();
        await using var gone = await LinkedPods.CreateAsync();
        using (var listeners = PodListeners.Open(gone.Pod))
        {
            pod.Capture.Add(gone.Pod, listeners);
            pod.Capture.Dispose();
        }
        await gone.DisposeAsync();
        var pins = Path.Combine(pod.Pods.StateDirectory, "bpf", "pods");
        Assert.Equal(2, Directory.GetDirectories(pins).Length);

        for (var i = 0; i < 50 && Directory.GetDirectories(pins).Length > 1; i++)
        {
            await Pause(100); // the kernel takes a namespace down in the background
            pod.ReplaceAgent();
        }

        Assert.Equal([Path.Combine(pins, $"{pod.Pod.Cookie}")], Directory.GetDirectories(pins));
        pod.Capture.Remove(gone.Pod);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_pod_that_cannot_be_captured_is_left_as_it_was()
    {
        await using var pod = await CreateAsync(add: false);
        var tooMany = pod.Pod with { Options = PodCaptureOptions.Default with { ExcludedInboundPorts = [.. Enumerable.Range(1, 17).Select(port => (ushort)port)] } };

        var refused = Assert.Throws<CaptureException>(() => pod.Capture.Add(tooMany, pod.Listeners));

        Assert.Contains("test/pod has 17 excluded inbound ports, eBPF capture takes 16", refused.Message);
        Assert.Empty(Directory.GetDirectories(Path.Combine(pod.Pods.StateDirectory, "bpf", "pods")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Several_agents_capture_on_one_kernel_each_its_own_pods()
    {
        await using var one = await CreateAsync();
        await using var other = await CreateAsync();

        await one.AssertReachesAsync(one.AppSocket(), FarV4, 8080, one.Outbound);
        await other.AssertReachesAsync(other.AppSocket(), FarV4, 8080, other.Outbound);
        other.Capture.Close();

        await one.AssertReachesAsync(one.AppSocket(), FarV4, 8080, one.Outbound);
        Assert.Empty(one.Capture.Missing(one.Pod));
    }

    private static string[] LinkPaths(CapturedPod pod)
    {
        var bpf = Path.Combine(pod.Pods.StateDirectory, "bpf");
        return [.. Directory.GetFiles(Path.Combine(bpf, "links")).Order(), Path.Combine(bpf, "pods", $"{pod.Pod.Cookie}", "link")];
    }

    private static List<uint> Links(CapturedPod pod) => [.. LinkPaths(pod).Select(path =>
    {
        using var link = BpfLink.OpenPinned(path)!;
        return link.Id();
    })];
}
