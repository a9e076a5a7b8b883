using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

/// <summary>Agent and proxy as two containers of one pod, which the kubelet starts, restarts and replaces.</summary>
public sealed class ExternalProxy
{
    [Fact(Timeout = 90_000)]
    public async Task A_proxy_that_was_started_by_somebody_else_serves_and_so_does_the_next()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        await using var pair = ExternalPair.Start(shop.Node, "one");
        await pair.ReadyAsync();
        await shop.CallAsync();

        await pair.Proxy.KillAsync();
        pair.RestartProxy();
        await shop.CallAsync();
        Assert.NotEmpty((await shop.Agent.ScrapeAsync()).ToString()!);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_rolling_upgrade_fails_no_request_and_rolling_back_neither()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        await using var old = ExternalPair.Start(shop.Node, "old");
        await old.ReadyAsync();
        await shop.CallAsync();

        var load = shop.LoadAsync(12_000);
        await using var next = ExternalPair.Start(shop.Node, "next");
        await Eventually.TrueAsync("the new proxy serves", () => Task.FromResult(next.Agent.Output.Contains("drains,", StringComparison.Ordinal)), TimeSpan.FromSeconds(30));
        await next.ReadyAsync();
        Assert.False(old.Agent.HasExited);
        SmallShop.AssertNoFailure(await load, old.Agent, old.Proxy, next.Agent, next.Proxy);
        await Eventually.TrueAsync("the old proxy has drained", () => Task.FromResult(old.Proxy.HasExited), TimeSpan.FromSeconds(30));

        // The kubelet starts the old pod's proxy again, which stands by.
        old.RestartProxy();
        load = shop.LoadAsync(3_000);
        await Eventually.TrueAsync("it is there", () => Task.FromResult(next.Agent.Output.Contains("instance old) connected", StringComparison.Ordinal)), TimeSpan.FromSeconds(30));
        SmallShop.AssertNoFailure(await load, old.Agent, old.Proxy, next.Agent, next.Proxy);
        await next.ReadyAsync();

        // The new version is taken back: who stood by serves.
        await next.DeleteAsync();
        await Eventually.TrueAsync("the old agent serves again", () => Task.FromResult(old.Agent.Output.Split("admin on").Length > 2), TimeSpan.FromSeconds(30));
        await old.ReadyAsync();
        await shop.CallAsync();
    }
}
