using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>`nodemesh top`, the program itself, on real traffic.</summary>
[Collection("logging")]
public sealed class Top(LoggingShop logging)
{
    private readonly SmallShop _shop = logging.Shop;

    [Theory(Timeout = 120_000)]
    [InlineData("service", "default/web")]
    [InlineData("workload", "default/web-1")]
    [InlineData("pod", "default/client")]
    public async Task Who_is_busy_has_a_row(string by, string name)
    {
        var load = _shop.LoadAsync(6_000);
        var json = JsonNode.Parse(await RunAsync(by, "--once", "-s", "1", "-o", "json"))!.AsArray();
        var table = await RunAsync(by, "--once", "-s", "1");
        SmallShop.AssertNoFailure(await load, _shop.Agent.Process);

        var row = Assert.Single(json, row => (string?)row!["name"] == name)!;
        // Those of HTTP connections to a Service, whose requests may go to any of its workloads, are the Service's.
        Assert.True(by == "workload" || (double)row["bytesPerSecond"]! > 0, row.ToJsonString());
        if (by != "pod")
        {
            Assert.True((double)row["perSecond"]! > 0 && (double)row["success"]! == 1 && (double)row["p99Seconds"]! > 0, row.ToJsonString());
        }
        Assert.Contains(name, table, StringComparison.Ordinal);
    }

    private Task<string> RunAsync(params string[] arguments) => _shop.Node.ExecAsync([Products.Cli, "top", .. arguments, "--admin", "127.0.0.1:15020"]);
}
