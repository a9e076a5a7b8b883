using System.Net;
using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

/// <summary>Un-enrolling and stopping put everything back: the pod's namespace and the kernel read as they did before.</summary>
public sealed partial class LeavingNoTrace
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Un_enrolling_a_pod_leaves_its_namespace_as_it_was(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture, startAgent: false);
        var before = await StateAsync(shop.Client);
        await shop.Agent.StartAsync();
        await shop.CallAsync();
        Assert.NotEqual(before, await StateAsync(shop.Client));

        shop.Mesh.Resources.Pod(shop.Client, enrolled: false);
        await shop.Agent.CapturedAsync(shop.Client, captured: false);

        await AssertRestoredAsync(before, shop.Client);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Stopping_the_agent_leaves_every_namespace_and_the_kernel_as_they_were(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture, startAgent: false);
        TestPod[] pods = [shop.Client, .. shop.Webs];
        var before = new List<string>();
        foreach (var pod in pods)
        {
            before.Add(await StateAsync(pod));
        }
        await shop.Agent.StartAsync();
        await shop.CallAsync();
        var links = await LinksAsync(pods);
        Assert.Equal(capture == "ebpf", links.Length > 0);
        var pinned = await PinnedAsync(shop.Agent.State);
        Assert.Equal(capture == "ebpf", pinned.Count > 0);

        Assert.Equal(0, await shop.Agent.StopAsync());

        Assert.Empty(await shop.Agent.ProxiesAsync());
        foreach (var (pod, state) in pods.Zip(before))
        {
            await AssertRestoredAsync(state, pod);
        }
        Assert.Equal("", await LinksAsync(pods));
        await AssertGoneAsync(shop.Agent.State, pinned);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task An_agent_told_to_stop_while_it_starts_leaves_nothing(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture, startAgent: false);
        var before = await StateAsync(shop.Client);
        foreach (var milliseconds in new[] { 30, 100, 250, 500, 1000, 1500 })
        {
            shop.Agent.Launch();
            await Task.Delay(milliseconds);

            var code = await shop.Agent.StopAsync();

            // 143: the signal came before there was any code of the agent's to take it.
            Assert.True(code is 0 or 143, $"after {milliseconds} ms: {code}:\n{shop.Agent.Process.Tail()}");
            Assert.Empty(await shop.Agent.ProxiesAsync());
            await AssertGoneAsync(shop.Agent.State, []);
            await AssertRestoredAsync(before, shop.Client);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task An_agent_that_cannot_start_leaves_nothing()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        using var other = NetnsSocket.Create(shop.Node.Netns);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 15020));
        other.Listen();
        shop.Agent.Launch();

        Assert.Equal(1, await shop.Agent.Process.WaitForExitAsync(TimeSpan.FromSeconds(30)));

        Assert.Contains("choose another with --admin", shop.Agent.Process.Output, StringComparison.Ordinal);
        await AssertGoneAsync(shop.Agent.State, []);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_agent_without_a_proxy_to_start_says_so_and_leaves_nothing()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);

        var ended = await Commands.TryAsync(shop.Node.Inside(
            [Products.Agent, "run", .. shop.Mesh.Source, "--admin", "127.0.0.1:15020", "--state", shop.Agent.State, "--proxy", "/nowhere/nodemesh-proxy"]));

        Assert.Equal(1, ended.ExitCode);
        Assert.Equal("no proxy at /nowhere/nodemesh-proxy: build it (make build), or say where it is with --proxy", ended.StandardError.Trim());
        await AssertGoneAsync(shop.Agent.State, []);
    }

    /// <summary>An agent that was killed left everything; its successor must still be able to put it back.</summary>
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task The_successor_of_a_killed_agent_restores_what_the_first_one_found(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture, startAgent: false);
        var before = await StateAsync(shop.Client);
        await shop.Agent.StartAsync();
        await shop.Agent.KillAsync();
        await shop.Agent.StartAsync();
        Assert.Equal(0, await shop.Agent.StopAsync());

        await AssertRestoredAsync(before, shop.Client);
    }

    private static Task AssertRestoredAsync(string before, TestPod pod) =>
        Eventually.EqualAsync($"the namespace of {pod.Name} as it was", before, () => StateAsync(pod), TimeSpan.FromSeconds(5));

    /// <summary>What the agent has pinned, as "link 12" or "map 34": numbers of the kernel's that are never used twice.</summary>
    private static async Task<IReadOnlyList<string>> PinnedAsync(string state)
    {
        var pinned = new List<string>();
        foreach (var (kind, directory) in new[] { ("link", "links"), ("map", "maps") })
        {
            foreach (var pin in Directory.Exists($"{state}/bpf/{directory}") ? Directory.GetFiles($"{state}/bpf/{directory}") : [])
            {
                // "12: cgroup  prog 34 ..."
                pinned.Add($"{kind} {(await Commands.RunAsync("bpftool", kind, "show", "pinned", pin)).Split(':')[0]}");
            }
        }
        return pinned;
    }

    /// <summary>The agent's directory is gone, and so are its programs on the cgroup and its maps.</summary>
    private static async Task AssertGoneAsync(string state, IReadOnlyList<string> pinned)
    {
        Assert.False(Directory.Exists(state), $"{state} is still there");
        Assert.DoesNotContain(state, await File.ReadAllTextAsync("/proc/mounts"), StringComparison.Ordinal);
        // The kernel frees them a little after the last descriptor is closed.
        await Eventually.EqualAsync("what is left in the kernel", "", async () =>
        {
            var left = new List<string>();
            foreach (var item in pinned)
            {
                var (kind, id) = (item.Split(' ')[0], item.Split(' ')[1]);
                if ((await Commands.TryAsync("bpftool", kind, "show", "id", id)).ExitCode == 0)
                {
                    left.Add(item);
                }
            }
            return string.Join(", ", left);
        });
    }

    private static async Task<string> StateAsync(TestPod pod)
    {
        string[][] commands =
        [
            ["ip", "rule"], ["ip", "-6", "rule"], ["ip", "route", "show", "table", "all"], ["ip", "-6", "route", "show", "table", "all"],
            ["ip", "-o", "addr"], ["iptables-save"], ["ip6tables-save"], ["nft", "list", "ruleset"], ["sysctl", "-a", "--pattern", "^net\\."],
        ];
        var state = "";
        foreach (var command in commands)
        {
            state += (await pod.TryExecAsync(command)).StandardOutput;
        }
        return Volatile().Replace(state, "");
    }

    /// <summary>The netns links (sk_lookup programs) of these pods.</summary>
    private static async Task<string> LinksAsync(TestPod[] pods)
    {
        var links = "";
        foreach (var pod in pods)
        {
            var inode = (await pod.ExecAsync("stat", "-L", "-c", "%i", "/proc/self/ns/net")).Trim();
            var all = await Commands.RunAsync("bpftool", "link", "show");
            links += string.Join('\n', all.Split('\n').Where(line => line.Contains($"netns_ino {inode}", StringComparison.Ordinal)));
        }
        return links;
    }

    /// <summary>Clocks, counters and comments with the time: they change by themselves.</summary>
    [GeneratedRegex(@"^#.*\n|^net\.netfilter\.nf_conntrack_count.*\n|^.*(random|stat_refresh|\bpreferred_lft|tcp_ehash_entries|dev_weight).*\n| expires \d+sec|\[\d+:\d+\]", RegexOptions.Multiline)]
    private static partial Regex Volatile();
}
