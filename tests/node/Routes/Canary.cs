using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Routes;

/// <summary>Traffic split by weight, for either way of capture.</summary>
public abstract class Canary(SharedMesh mesh) : RoutedTraffic(mesh)
{
    [Fact(Timeout = 120_000)]
    public async Task A_tenth_of_the_requests_goes_to_the_new_version()
    {
        const int Requests = 2000;
        await ApplyAsync("Canary");
        var before = await CountedAsync();

        var counts = await CountAsync(Requests);

        Assert.Equal([V2, V1], counts.Keys.Order());
        // Chi-square with one degree of freedom: a right implementation fails one time in a hundred thousand.
        var (expectedOld, expectedNew) = (Requests * 0.9, Requests * 0.1);
        var chiSquare = (Math.Pow(counts[V1] - expectedOld, 2) / expectedOld) + (Math.Pow(counts[V2] - expectedNew, 2) / expectedNew);
        Assert.True(chiSquare < 19.5, $"{counts[V1]} and {counts[V2]} of {Requests}: chi-square {chiSquare}");
        await Eventually.TrueAsync("the route is named in the metrics", async () => await CountedAsync() - before == counts[V2]);

        async Task<double> CountedAsync() => (await Mesh.Near.Agent.ScrapeAsync()).Sum(
            "nodemesh_http_requests_total", ("route", "default/canary"), ("destination_workload", V2));
    }

    [Fact(Timeout = 120_000)]
    public async Task Weights_change_under_load_without_a_failed_request()
    {
        await ApplyAsync("Canary");
        var load = Mesh.Client().CallAsync(new TestApp.Calling.CallRequest { Kind = "load", Target = Shop, Count = 4, DurationMilliseconds = 4000 });
        foreach (var weight in new[] { 0, 50, 100, 0, 100 })
        {
            await Task.Delay(500);
            await ApplyYamlAsync(DocExamples.Of("Canary").Replace("weight: 90", $"weight: {100 - weight}", StringComparison.Ordinal).Replace("weight: 10}", $"weight: {weight}}}", StringComparison.Ordinal));
        }
        SmallShop.AssertNoFailure(await load);

        await Eventually.TrueAsync("the new version alone answers", async () => (await CountAsync(50)).Keys.SequenceEqual([V2]));
    }
}

[Collection("ebpf")]
public sealed class EbpfCanary(EbpfMesh mesh) : Canary(mesh);

[Collection("iptables")]
public sealed class IptablesCanary(IptablesMesh mesh) : Canary(mesh);
