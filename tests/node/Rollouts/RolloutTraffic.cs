using System.Net;
using System.Text.Json;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Rollouts;

/// <summary>Rollouts on real traffic: the new version is a pod of its own that does well, answers 500, or is slow.</summary>
public sealed class RolloutTraffic
{
    private const string V1 = "web-1";
    private const string V2 = "new";

    // What a Rollout does is the same for both ways of capture.
    [Fact(Timeout = 180_000)]
    public async Task A_new_version_that_does_well_is_promoted_step_by_step_and_stays()
    {
        await using var shop = await ShopAsync("iptables");
        Apply(shop);
        var load = shop.LoadAsync(15_000);

        var weights = new List<int>();
        await Eventually.TrueAsync("it is promoted", async () =>
        {
            var (phase, weight, _) = await StateAsync(shop);
            if (weights.Count == 0 || weights[^1] != weight)
            {
                weights.Add(weight);
            }
            return phase == "Promoted";
        }, TimeSpan.FromSeconds(60));
        Assert.Equal([20, 60, 100], weights.Where(weight => weight > 0));
        SmallShop.AssertNoFailure(await load);
        await Eventually.TrueAsync("the new version alone answers", async () => (await PodsAsync(shop)).SetEquals([V2]));

        // Killed and started again, it has forgotten nothing.
        await shop.Agent.KillAsync();
        await shop.Agent.StartAsync();
        await Eventually.EqualAsync("it says so", ("Promoted", 100), () => PhaseAsync(shop));
        Assert.True((await PodsAsync(shop)).SetEquals([V2]));

        // Stopped in order, which leaves nothing else behind, neither.
        await shop.Agent.StopAsync();
        await shop.Agent.StartAsync();
        await Eventually.EqualAsync("it says so", ("Promoted", 100), () => PhaseAsync(shop));
        Assert.True((await PodsAsync(shop)).SetEquals([V2]));

        // The route is the user's: once it is changed, its own weights count.
        shop.Mesh.Resources.Write("route", Route("{name: v1, port: 80, weight: 1}, {name: v2, port: 80, weight: 0}"));
        await Eventually.TrueAsync("the old version alone answers", async () => (await PodsAsync(shop)).SetEquals([V1]));
        await Eventually.EqualAsync("the rollout says why", "Finished", async () => (await StateAsync(shop)).Phase);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("--status 500", "succeeded", 10_000)]
    [InlineData("--delay 3000", "ms, more than 2s", 20_000)]
    public async Task A_new_version_that_does_badly_is_rolled_back(string how, string why, int milliseconds)
    {
        await using var shop = await ShopAsync("ebpf", how.Split(' '));
        Apply(shop);
        var load = shop.LoadAsync(milliseconds);

        await Eventually.EqualAsync("it is rolled back", "RolledBack", async () => (await StateAsync(shop)).Phase, TimeSpan.FromSeconds(60));

        var (_, weight, message) = await StateAsync(shop);
        Assert.Equal(0, weight);
        Assert.Contains(why, message, StringComparison.Ordinal);
        await load;
        await Eventually.TrueAsync("the old version alone answers", async () => (await PodsAsync(shop)).SetEquals([V1]));

        // It stays so until another revision is tried.
        await shop.Agent.KillAsync();
        await shop.Agent.StartAsync();
        await Eventually.EqualAsync("it says so", ("RolledBack", 0), () => PhaseAsync(shop));
        Apply(shop, "revision: again");
        await Eventually.EqualAsync("it is tried again", 20, async () => (await StateAsync(shop)).Weight);
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_traffic_or_when_paused_it_waits()
    {
        await using var shop = await ShopAsync("ebpf");
        Apply(shop);
        await Eventually.TrueAsync("it waits", async () => (await StateAsync(shop)).Message.Contains("waits for requests", StringComparison.Ordinal));
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Equal(("Progressing", 20), await PhaseAsync(shop));

        Apply(shop, "paused: true");
        await Eventually.EqualAsync("it is paused", "Paused", async () => (await StateAsync(shop)).Phase);
        await shop.LoadAsync(6_000);
        Assert.Equal(("Paused", 20), await PhaseAsync(shop));

        shop.Mesh.Resources.Delete("rollout");
        await Eventually.TrueAsync("the route's own weights count", async () => (await PodsAsync(shop)).SetEquals([V1]));
    }

    private static async Task<SmallShop> ShopAsync(string capture, params string[] options)
    {
        var shop = await SmallShop.CreateAsync(capture);
        var pod = await shop.Node.AddPodAsync(V2);
        await pod.ServeAsync(options);
        shop.Mesh.Resources.Pod(pod, app: "v2");
        shop.Mesh.Resources.Pod(shop.Webs[0], app: "v1");
        shop.Mesh.Resources.Service("v1", "v1", [IPAddress.Parse("10.96.0.81")], "name: http, port: 80, targetPort: 8080");
        shop.Mesh.Resources.Service("v2", "v2", [IPAddress.Parse("10.96.0.82")], "name: http, port: 80, targetPort: 8080");
        shop.Mesh.Resources.Write("route", Route("{name: v1, port: 80}"));
        await shop.Agent.CapturedAsync(pod);
        await Eventually.TrueAsync("the route is in force", async () => (await PodsAsync(shop)).SetEquals([V1]));
        return shop;
    }

    private static string Route(string backends) => $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: default}, spec: {
          parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [ { name: all, backendRefs: [ {{backends}} ] } ] } }
        """;

    private static void Apply(SmallShop shop, string more = "paused: false") => shop.Mesh.Resources.Write("rollout", $$"""
        {apiVersion: nodemesh.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: default}, spec: {
          targetRef: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: all},
          stable: {name: v1, port: 80}, canary: {name: v2, port: 80}, steps: [{weight: 20, hold: 2s}, {weight: 60, hold: 2s}],
          analysis: {interval: 1s, minRequests: 5, successRate: 99, latencyP99: 2s}, {{more}} } }
        """);

    private static async Task<(string Phase, int Weight)> PhaseAsync(SmallShop shop)
    {
        var (phase, weight, _) = await StateAsync(shop);
        return (phase, weight);
    }

    private static async Task<(string Phase, int Weight, string Message)> StateAsync(SmallShop shop)
    {
        var rollouts = JsonDocument.Parse(await shop.Agent.GetAsync("/rollouts")).RootElement;
        if (rollouts.GetArrayLength() == 0 || rollouts[0].GetProperty("status") is not { ValueKind: JsonValueKind.Object } status)
        {
            return ("", 0, "");
        }
        return (status.GetProperty("phase").GetString()!, status.GetProperty("weight").GetInt32(), status.GetProperty("message").GetString()!);
    }

    private static async Task<HashSet<string>> PodsAsync(SmallShop shop)
    {
        var pods = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var result = await shop.Client.CallAsync(new CallRequest { Kind = "http", Target = SmallShop.Web });
            pods.Add(result.Server?.Pod ?? result.Error ?? "");
        }
        return pods;
    }
}
