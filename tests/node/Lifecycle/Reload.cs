using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class Reload
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Resources_that_change_all_the_time_disturb_no_request(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        var before = (await shop.Agent.ScrapeAsync()).Sum("nodemesh_config_version");
        var load = shop.LoadAsync(6000);
        var opaque = shop.LoadAsync(6000, of: "opaque", workers: 2);

        for (var i = 0; i < 50; i++)
        {
            shop.Mesh.Resources.Service("other", $"app-{i}", [System.Net.IPAddress.Parse("10.96.9.9")], $"name: http, port: {80 + i}");
            // One of the two is always there.
            shop.Mesh.Resources.Pod(shop.Webs[1], app: i % 2 == 0 ? "elsewhere" : "web");
            await Task.Delay(100);
        }

        SmallShop.AssertNoFailure(await load);
        SmallShop.AssertNoFailure(await opaque);
        Assert.True((await shop.Agent.ScrapeAsync()).Sum("nodemesh_config_version") > before);
    }
}
