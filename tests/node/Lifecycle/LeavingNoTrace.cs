using System.Text.RegularExpressions;
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

        Assert.Equal(0, await shop.Agent.StopAsync());

        Assert.Empty(await shop.Agent.ProxiesAsync());
        foreach (var (pod, state) in pods.Zip(before))
        {
            await AssertRestoredAsync(state, pod);
        }
        Assert.Equal("", await LinksAsync(pods));
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
