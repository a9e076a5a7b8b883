using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>Live traffic in the browser.</summary>
[Collection("console")]
public sealed class TapInTheBrowser(ConsoleShop console)
{
    private readonly SmallShop _shop = console.Shop;

    [Fact(Timeout = 120_000)]
    public async Task What_a_client_sends_is_shown_as_text_with_all_its_fields_until_it_is_stopped()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        await browser.OpenAsync($"{ConsoleShop.Address}#/tap?target=service%2Fdefault%2Fweb");
        await browser.SeesAsync("[data-tap=on]");
        await Eventually.TrueAsync("a request is seen", async () =>
        {
            await CallAsync("/<b>bold</b>");
            return await browser.CountAsync("[data-tapped='/<b>bold</b>']") > 0;
        }, TimeSpan.FromSeconds(20));
        Assert.Equal(0, await browser.CountAsync("b"));
        await CallAsync("/?status=503");
        await browser.SeesAsync("tr.failed", "503");
        await browser.ClickAsync("tr.failed button");
        await browser.SeesAsync(".fields", "source_workload");

        // The watch ends with who watches: as many as may be are let in again.
        for (var i = 0; i < 6; i++)
        {
            await browser.ClickAsync("form .toolbar button, form.toolbar button");
            await browser.SeesAsync("[data-tap=off]");
            await browser.ClickAsync("form.toolbar button");
            await Eventually.TrueAsync("it watches", async () =>
            {
                if (await browser.CountAsync("[data-tap=off]") > 0)
                {
                    await browser.ClickAsync("form.toolbar button");
                }
                return await browser.CountAsync("[data-tap=on]") > 0;
            });
        }
        Assert.DoesNotContain(browser.Problems, problem => !problem.Contains("503", StringComparison.Ordinal));
    }

    private Task<CallResult> CallAsync(string path) => _shop.Client.CallAsync(new CallRequest { Kind = "http", Target = SmallShop.Web, Path = path });
}
