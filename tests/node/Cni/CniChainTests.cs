using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Cni;

/// <summary>The real CNI chain, and the real agent.</summary>
public sealed class CniChainTests
{
    [Fact(Timeout = 60_000)]
    public async Task The_very_first_connection_of_a_new_pod_is_captured()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "fresh");
        pod.Declare();

        var add = await pod.AddAsync();
        // Only the mesh knows this address: unmeshed, the first connection goes nowhere.
        var first = await pod.ExecAsync("curl", "-sS", "--max-time", "5", $"http://{SmallShop.Web}/");

        Assert.Equal(0, add.ExitCode);
        Assert.True(JsonNode.DeepEquals(pod.Result, JsonNode.Parse(add.StandardOutput)), add.StandardOutput);
        Assert.NotEmpty(first);
        var scrape = await shop.Agent.ScrapeAsync();
        Assert.Equal(1, scrape.Sum("nodemesh_tcp_connections_opened_total", ("source_workload", "fresh")));
        await pod.DeleteAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_the_agent_has_not_heard_of_is_waited_for()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "early");
        var adding = pod.AddAsync();
        await Eventually.TrueAsync("the plugin has asked", async () => (await shop.Agent.GetAsync("/healthz")).Length > 0 && File.Exists($"{shop.Agent.State}/agent/attachments.json"));
        Assert.False(adding.IsCompleted);
        pod.Declare();

        Assert.Equal(0, (await adding).ExitCode);
        Assert.NotEmpty(await pod.ExecAsync("curl", "-sS", "--max-time", "5", $"http://{SmallShop.Web}/"));
        Assert.Equal(0, (await pod.OursAsync("CHECK")).ExitCode);
        await pod.DeleteAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_stays_unknown_is_refused_with_the_reason_and_an_older_pod_of_its_name_does_not_count()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "stranger", timeoutSeconds: 1);
        pod.Declare();
        Assert.Equal(0, (await pod.AddAsync()).ExitCode);

        var later = await pod.OursAsync("ADD", uid: "uid-of-the-next");

        Assert.Equal(1, later.ExitCode);
        Assert.Contains("does not know the pod", later.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(1, (await pod.OursAsync("CHECK", uid: "uid-of-the-next")).ExitCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_is_not_enrolled_starts_as_if_there_were_no_mesh_and_enrolling_it_later_captures_it()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "plain");
        pod.Declare(enrolled: false);

        Assert.Equal(0, (await pod.AddAsync()).ExitCode);
        Assert.Equal(0, (await pod.OursAsync("CHECK")).ExitCode);
        Assert.Equal(0, await CapturedAsync(shop, "plain"));

        pod.Declare();
        await Eventually.EqualAsync("captured", 1, () => CapturedAsync(shop, "plain"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Deleting_is_idempotent_and_leaves_nothing_behind()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "short");
        pod.Declare();
        Assert.Equal(0, (await pod.AddAsync()).ExitCode);
        var rules = await pod.ExecAsync("ip", "rule");

        await pod.DeleteAsync();
        await pod.DeleteAsync();

        Assert.NotEqual(rules, await pod.ExecAsync("ip", "rule"));
        Assert.Equal(0, await CapturedAsync(shop, "short"));
        Assert.DoesNotContain("short", await File.ReadAllTextAsync($"{shop.Agent.State}/agent/pods.json", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.DoesNotContain("short", await File.ReadAllTextAsync($"{shop.Agent.State}/agent/attachments.json", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("", await pod.ExecAsync("ss", "-Htan"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_an_agent_pods_start_or_not_as_the_policy_says_and_a_later_agent_takes_in_those_that_did()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var strict = await CniPod.CreateAsync(shop.Node, "strict", timeoutSeconds: 5);
        await using var lax = await CniPod.CreateAsync(shop.Node, "lax", policy: "unmeshed", timeoutSeconds: 1);
        strict.Declare();
        lax.Declare();
        await shop.Agent.KillAsync();

        var refused = await strict.AddAsync();
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no agent listens", refused.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("50", (await strict.OursAsync("STATUS")).StandardOutput, StringComparison.Ordinal);
        Assert.Equal(0, (await lax.AddAsync()).ExitCode);
        await strict.DeleteAsync();

        await shop.Agent.StartAsync();
        await Eventually.EqualAsync("captured", 1, () => CapturedAsync(shop, "lax"));
        Assert.Equal(0, (await strict.OursAsync("STATUS")).ExitCode);
        Assert.Equal(0, (await strict.AddAsync()).ExitCode);
        await strict.DeleteAsync();
        await lax.DeleteAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_restarted_agent_still_knows_where_the_pods_of_the_CNI_plugin_are()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await using var pod = await CniPod.CreateAsync(shop.Node, "kept");
        pod.Declare();
        Assert.Equal(0, (await pod.AddAsync()).ExitCode);

        await shop.Agent.KillAsync();
        await shop.Agent.StartAsync();

        await Eventually.EqualAsync("captured", 1, () => CapturedAsync(shop, "kept"));
        Assert.NotEmpty(await pod.ExecAsync("curl", "-sS", "--max-time", "5", $"http://{SmallShop.Web}/"));
        await pod.DeleteAsync();
    }

    private static async Task<double> CapturedAsync(SmallShop shop, string pod) =>
        (await shop.Agent.ScrapeAsync()).Sum("nodemesh_pod_captured", ("namespace", "default"), ("pod", pod));
}
