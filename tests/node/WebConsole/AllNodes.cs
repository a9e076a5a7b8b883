using NodeMesh.NodeTests.Kit;
using NodeMesh.NodeTests.Monitoring;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>With the address of a Prometheus the same page shows what it knows of all nodes.</summary>
public sealed class AllNodes
{
    [Fact(Timeout = 180_000)]
    public async Task The_traffic_is_that_of_a_real_Prometheus()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        await shop.Agent.StartAsync("--prometheus", "http://127.0.0.1:9090");
        await using var browser = await Browser.StartAsync(shop.Node);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync("select[aria-label='Whose traffic']");
        await ScopeAsync(browser);
        await browser.SeesAsync(".banner", "the Prometheus at http://127.0.0.1:9090/ does not answer");

        await using var prometheus = await PrometheusServer.StartAsync(shop.Node);
        SmallShop.AssertNoFailure(await shop.LoadAsync(6_000), shop.Agent.Process);
        await Eventually.EqualAsync("the banner goes", 0, () => browser.CountAsync(".banner"), TimeSpan.FromSeconds(30));
        await Eventually.TrueAsync("it shows what Prometheus says", async () =>
        {
            var said = await prometheus.QueryAsync("""sum(increase(nodemesh_http_requests_total{source_workload="client",destination_workload="web-1",direction="local"}[120s])) / 120""");
            var shown = await browser.AttributeAsync("[data-edge='default/client default/web-1']", "data-rate");
            return said is [{ Value: > 0 and var rate }] && double.TryParse(shown, System.Globalization.CultureInfo.InvariantCulture, out var drawn) && Math.Abs(drawn - rate) < rate * 0.2;
        }, TimeSpan.FromSeconds(40));
        await browser.SeesAsync("[data-summary]", "over 120 s");
    }

    private static Task<bool> ScopeAsync(Browser browser) => browser.EvaluateAsync<bool>(
        "((select) => { select.value = 'all'; select.dispatchEvent(new Event('change', {bubbles: true})); return true; })(document.querySelector(\"select[aria-label='Whose traffic']\"))");
}
