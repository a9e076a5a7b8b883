using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class Upgrade
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Replacing_the_proxy_under_load_fails_no_request(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        await shop.OpenAsync("long");
        var old = Assert.Single(await shop.Agent.ProxiesAsync());
        var wrk = shop.Client.ExecAsync("wrk", "-t1", "-c16", "-d10s", $"http://{SmallShop.Web}/?size=64");
        var opaque = shop.LoadAsync(8000, of: "opaque", workers: 2);
        await Task.Delay(1000);

        shop.Agent.Signal(Libc.SIGHUP);
        await Eventually.HoldsAsync("a fresh proxy", shop.Agent.ProxiesAsync, pids => pids.Any(pid => pid != old), TimeSpan.FromSeconds(10));

        var report = await wrk;
        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        SmallShop.AssertNoFailure(await opaque);
        // An opaque connection stays with the old proxy until it is over, or the drain limit.
        var still = await shop.SendAsync("long");
        Assert.True(still.Ok, still.Error);
        await shop.Client.CallAsync(new TestApp.Calling.CallRequest { Kind = "finish", Token = "long" });
        await Eventually.HoldsAsync("the old proxy has gone", shop.Agent.ProxiesAsync, pids => pids.Count == 1 && pids[0] != old, TimeSpan.FromSeconds(20));
        await shop.CallAsync();
    }
}
