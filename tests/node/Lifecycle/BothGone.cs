using System.Net.Sockets;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

/// <summary>Agent and proxy killed together: what the pod's policy says, at once, and never a hang.</summary>
public sealed class BothGone
{
    // In iptables mode a dial hangs until the agent's heartbeat is 10 s old: README, known limits.
    [Fact(Timeout = 120_000)]
    public async Task Fail_closed_refuses_at_once()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        await KillBothAsync(shop);

        for (var i = 0; i < 10; i++)
        {
            var result = await shop.Client.CallAsync("opaque", Traffic.Target(shop.Webs[0], AddressFamily.InterNetwork, "opaque"));
            Assert.Contains(result.Error, new[] { "ConnectionRefused", "ConnectionReset" });
            Assert.True(result.Milliseconds < 500, $"it took {result.Milliseconds} ms");
            await Task.Delay(300);
        }
        await shop.Agent.StartAsync();
        await shop.CallAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Fail_open_lets_connections_through_unmeshed_and_counts_them()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        foreach (var pod in (TestPod[])[shop.Client, .. shop.Webs])
        {
            shop.Mesh.Resources.Pod(pod, app: pod == shop.Client ? "" : "web", annotations: "nodemesh.io/on-failure: open");
        }
        await shop.Agent.StartAsync();
        await KillBothAsync(shop);

        var target = Traffic.Target(shop.Webs[0], AddressFamily.InterNetwork, "opaque");
        var result = await Eventually.HoldsAsync("it flows unmeshed", () => shop.Client.CallAsync("opaque", target), result => result.Ok);
        Assert.Equal(result.Local, result.Server!.Peer);

        await shop.Agent.StartAsync();
        await Eventually.TrueAsync("it was counted", async () =>
            (await shop.Agent.ScrapeAsync()).Samples.Any(sample => sample.Name.Contains("unmeshed", StringComparison.Ordinal) && sample.Label("pod") == "client" && sample.Value > 0));
        await shop.CallAsync();
    }

    private static async Task KillBothAsync(SmallShop shop)
    {
        var proxies = await shop.Agent.ProxiesAsync();
        // The agent first: it would start the proxy again.
        await shop.Agent.KillAsync();
        foreach (var proxy in proxies)
        {
            Libc.Signal(proxy, Libc.SIGKILL);
        }
        await Eventually.HoldsAsync("no proxy", shop.Agent.ProxiesAsync, pids => pids.Count == 0);
    }
}
