using System.Diagnostics;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class ProxyDeath
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Connections_made_while_the_proxy_is_dead_wait_in_the_backlog_and_are_served(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        await shop.OpenAsync("of-the-dead");
        var old = Assert.Single(await shop.Agent.ProxiesAsync());

        Libc.Signal(old, Libc.SIGKILL);
        var killed = Stopwatch.GetTimestamp();
        var calls = Enumerable.Range(0, 20).Select(_ => shop.Client.CallAsync("http", SmallShop.Web)).ToList();

        // Until the process is there. Until it serves takes longer, by its start-up.
        await Eventually.HoldsAsync("a new proxy", shop.Agent.ProxiesAsync, pids => pids.Count == 1 && pids[0] != old, TimeSpan.FromSeconds(5));
        var restarted = Stopwatch.GetElapsedTime(killed);
        var results = await Task.WhenAll(calls);

        Assert.All(results, result => Assert.True(result.Ok, $"{result.Status} {result.Error}"));
        Assert.True(restarted < TimeSpan.FromSeconds(1), $"the proxy was started again after {restarted}");
        var dead = await shop.SendAsync("of-the-dead");
        Assert.False(dead.Ok);
        Assert.NotEqual("TimedOut", dead.Error);
        await shop.Agent.ReadyAsync();
        await shop.CallAsync();
    }
}
