using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class AgentDeath
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Traffic_goes_on_when_the_agent_is_killed_and_its_successor_adopts_what_it_left(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        await shop.OpenAsync("kept");
        var load = shop.LoadAsync(8000);
        await Task.Delay(500);

        await shop.Agent.KillAsync();
        await shop.CallAsync();
        await Task.Delay(1000);
        await shop.CallAsync();
        await shop.Agent.StartAsync();

        SmallShop.AssertNoFailure(await load);
        await Assert.AllAsync([shop.Client, .. shop.Webs], async pod => await shop.Agent.CapturedAsync(pod));

        // The successor is a whole agent: it enrols, and counts.
        var late = await shop.Node.AddPodAsync("late");
        shop.Mesh.Resources.Pod(late);
        await shop.Agent.CapturedAsync(late);
        var result = await late.CallAsync("http", SmallShop.Web);
        Assert.True(result.Ok, result.Error);
        await Eventually.TrueAsync("the new pod's request is counted", async () =>
            (await shop.Agent.ScrapeAsync()).Sum("nodemesh_http_requests_total", ("source_workload", "late")) == 1);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Connections_under_way_outlive_the_agent_while_its_proxy_lives(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        await shop.OpenAsync("kept");

        await shop.Agent.KillAsync();

        for (var i = 0; i < 10; i++)
        {
            var still = await shop.SendAsync("kept");
            Assert.True(still.Ok, still.Error);
            await Task.Delay(200);
        }
        await shop.Agent.StartAsync();
    }
}
