using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>A page that stays open: nothing yet, traffic that comes and fails and goes, an agent that dies and comes back.</summary>
public sealed class LifeOfAPage
{
    private const string Edge = "[data-edge='default/client default/web-1']";

    [Fact(Timeout = 180_000)]
    public async Task It_follows_what_happens()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        await shop.Agent.StartAsync();
        await using var browser = await Browser.StartAsync(shop.Node);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync(".empty", "Nobody has called anybody yet");
        await browser.SeesAsync(".status", "live");

        var load = shop.LoadAsync(12_000);
        await browser.SeesAsync($"{Edge}.good");
        await Eventually.TrueAsync("its rate rises", async () => double.Parse(await browser.AttributeAsync(Edge, "data-rate"), System.Globalization.CultureInfo.InvariantCulture) > 10, TimeSpan.FromSeconds(20));
        await load;
        await browser.SeesAsync($"{Edge}.idle");

        // A dependency fails: it is seen at a glance, by name.
        shop.Mesh.Resources.Write("fault", """
            {apiVersion: nodemesh.io/v1alpha1, kind: FaultPolicy, metadata: {name: down, namespace: default}, spec: {
              targetRefs: [{kind: Service, name: web}], faults: [{abort: {httpStatus: 503}}]}}
            """);
        await shop.Agent.AppliesAsync("default/down");
        var failing = shop.LoadAsync(10_000);
        // By the Service, since no pod has taken the requests.
        await browser.SeesAsync("[data-edge='default/client service:default/web'].bad");
        await browser.SeesAsync(".panel h2", "Look at");
        await browser.SeesAsync(".panel", "client → web");
        await failing;

        await shop.Agent.KillAsync();
        await browser.SeesAsync(".banner", "The agent does not answer");
        await browser.SeesAsync(".banner", "What is shown is from before");
        await browser.SeesAsync("[data-node='default/web-1']");
        await shop.Agent.StartAsync();
        await Eventually.EqualAsync("the banner goes", 0, () => browser.CountAsync(".banner"), TimeSpan.FromSeconds(20));
        await browser.SeesAsync(".status", "live");
    }
}
