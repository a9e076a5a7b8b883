using System.Globalization;
using System.Text.Json;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The console in a real browser, on real traffic: it shows what /metrics and the configuration say.</summary>
[Collection("console")]
public sealed class WhatItShows(ConsoleShop console)
{
    private const string Edge = "[data-edge='default/client default/web-1']";

    private readonly SmallShop _shop = console.Shop;

    [Fact(Timeout = 120_000)]
    public async Task Rates_success_and_percentiles_are_those_of_the_scrapes_it_read()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        // Keeps each answer as the page reads it.
        await browser.BeforeScriptsAsync("""
            const asked = window.fetch; window.scrapes = [];
            window.fetch = async (...what) => { const answer = await asked(...what); if (what[0].startsWith('api/series')) window.scrapes.push(await answer.clone().text()); return answer; };
            """);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync(Edge);
        var load = _shop.LoadAsync(8_000);
        await FailAsync();
        await Eventually.TrueAsync("two scrapes or more", async () => await browser.EvaluateAsync<int>("+document.querySelector('.console').dataset.scrapes") >= 3, TimeSpan.FromSeconds(20));
        await FailAsync();
        await Eventually.TrueAsync("one more", async () => await browser.EvaluateAsync<int>("+document.querySelector('.console').dataset.scrapes") >= 4, TimeSpan.FromSeconds(20));
        await browser.PressAsync("p");
        await browser.SeesAsync(".status", "paused");
        SmallShop.AssertNoFailure(await load, _shop.Agent.Process);

        var shown = await browser.EvaluateAsync<JsonElement>($$"""
            (() => { const edge = document.querySelector("{{Edge}}").dataset;
                     const root = document.querySelector('.console').dataset;
                     return { seconds: +root.seconds, scrapes: window.scrapes.slice(0, +root.scrapes).slice(-root.window),
                              rate: +edge.rate, success: +edge.success, p99: +edge.p99, protocol: edge.protocol, security: edge.security }; })()
            """);
        var scrapes = shown.GetProperty("scrapes").EnumerateArray().Select(text => SeriesText.Parse(text.GetString()!)).ToList();
        var (first, last) = (scrapes[0], scrapes[^1]);
        var requests = Of(last) - Of(first);
        var failed = Of(last, ("status", "5xx")) - Of(first, ("status", "5xx"));
        Assert.True(requests > 100 && failed > 0, $"{requests} requests, {failed} failed");
        Assert.Equal(requests / Number("seconds"), Number("rate"), 6);
        Assert.Equal((requests - failed) / requests, Number("success"), 9);
        Assert.Equal(Percentile99(first, last), Number("p99"), 9);
        Assert.Equal(("HTTP/1.1", "plaintext"), (shown.GetProperty("protocol").GetString(), shown.GetProperty("security").GetString()));

        // And what was counted since the mesh began.
        await browser.ClickAsync(Edge);
        await browser.SeesAsync(".panel [data-requests]");
        Assert.Equal(Of(last), double.Parse((await browser.TextAsync("[data-requests]")).Replace(" ", "").Replace("\u2009", ""), CultureInfo.InvariantCulture));
        Assert.Equal(Of(last, ("status", "5xx")), double.Parse((await browser.TextAsync("[data-failed]")).Replace(" ", ""), CultureInfo.InvariantCulture));
        await browser.SeesAsync(".failures", "5xx");
        Assert.Empty(browser.Problems);

        double Number(string name) => shown.GetProperty(name).GetDouble();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_workload_has_its_callers_its_route_with_live_weights_and_its_policies()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        await _shop.LoadAsync(1_000);
        await browser.OpenAsync($"{ConsoleShop.Address}#/workload/default/web-2");
        var load = _shop.LoadAsync(8_000);

        await browser.SeesAsync("[data-page='default/web-2'] [data-flow='default/client default/web-2 default/web http1']", "default/web");
        await browser.SeesAsync("[data-route='default/web'] [data-backend='default/v1']", "75 %");
        await browser.SeesAsync("[data-route='default/web'] [data-backend='default/v2']", "25 %");
        // The measured share is near the weight; were it the other's, it would be far from it.
        var measured = await Eventually.HoldsAsync("it measures", () => browser.TextAsync("[data-backend='default/v2']"), text => text.Contains("measured", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        Assert.InRange(double.Parse(measured.Split('\n', ' ').SkipWhile(word => word != "%").Skip(1).First(word => word.Contains('.', StringComparison.Ordinal)), CultureInfo.InvariantCulture), 15, 35);
        await load;

        await browser.OpenAsync($"{ConsoleShop.Address}#/workload/default/web-1");
        await browser.SeesAsync("[data-page='default/web-1'] [data-policy='FaultPolicy/default/brittle']", "Service default/v1");

        // A change of the route is there with the next look.
        _shop.Mesh.Resources.Write("route", ConsoleShop.Route("{name: v1, port: 80, weight: 1}, {name: v2, port: 80, weight: 1}"));
        await browser.SeesAsync("[data-route='default/web'] [data-backend='default/v1']", "50 %");
        _shop.Mesh.Resources.Write("route", ConsoleShop.Route("{name: v1, port: 80, weight: 3}, {name: v2, port: 80, weight: 1}"));
        await browser.SeesAsync("[data-route='default/web'] [data-backend='default/v1']", "75 %");
        Assert.Empty(browser.Problems);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_node_has_its_pods_and_what_is_not_in_force()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        await browser.OpenAsync($"{ConsoleShop.Address}#/node");
        await browser.SeesAsync("[data-fact='Pods captured']", "3 of 3 by ebpf");
        await browser.SeesAsync("[data-fact='Ready']", "yes");
        await browser.SeesAsync("[data-pod='default/client']", "captured");
        var version = (await _shop.Agent.ScrapeAsync()).Sum("nodemesh_config_version").ToString(CultureInfo.InvariantCulture);
        await browser.SeesAsync("[data-fact='Configuration']", version);

        _shop.Mesh.Resources.Write("wrong", "{apiVersion: v1, kind: Service, metadata: {name: wrong, namespace: default}, spec: {ports: [{port: many}]}}");
        await browser.SeesAsync("#not-in-force-as-written");
        await browser.SeesAsync("main", "wrong");
        _shop.Mesh.Resources.Delete("wrong");
        await Eventually.EqualAsync("it is gone again", 0, () => browser.CountAsync("#not-in-force-as-written"), TimeSpan.FromSeconds(20));
        Assert.Empty(browser.Problems);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_keyboard_reaches_everything()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        await _shop.LoadAsync(500);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync("[data-node='default/web-1']");
        await browser.EvaluateAsync<bool>("(document.querySelector(\"[data-node][tabindex='0']\").focus(), true)");
        Assert.Equal("default/client", await FocusedAsync());
        await browser.PressAsync("ArrowRight");
        var called = await FocusedAsync();
        Assert.StartsWith("default/web-", called, StringComparison.Ordinal);
        await browser.SeesAsync(".panel", called["default/".Length..]);
        await browser.PressAsync("ArrowLeft");
        Assert.Equal("default/client", await FocusedAsync());
        await browser.PressAsync("Enter");
        await browser.SeesAsync("[data-page='default/client']");

        await browser.PressAsync("2");
        await browser.SeesAsync("[data-workload='default/web-2']");
        await browser.PressAsync("/");
        await browser.TypeAsync("web-1");
        await Eventually.EqualAsync("one is left", 1, () => browser.CountAsync("[data-workload]"));
        await browser.PressAsync("Escape");
        await browser.EvaluateAsync<bool>("(document.activeElement.blur(), true)");
        await browser.PressAsync("?");
        await browser.SeesAsync("dialog[open]", "Pause");
        await browser.PressAsync("Escape");
        await Eventually.EqualAsync("it is closed", 0, () => browser.CountAsync("dialog[open]"));
        await browser.PressAsync("1");
        await browser.SeesAsync("[data-node='default/web-1']");
        Assert.Empty(browser.Problems);

        Task<string> FocusedAsync() => browser.EvaluateAsync<string>("document.activeElement.dataset?.node ?? ''");
    }

    [Fact(Timeout = 120_000)]
    public async Task It_is_dark_where_the_system_is_unless_told_otherwise_and_asks_nobody_else()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        await browser.PreferAsync(dark: true);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync(".brand");
        Assert.True(await LightnessAsync() < 60);
        await browser.PreferAsync(dark: false);
        Assert.True(await LightnessAsync() > 200);
        await browser.ClickAsync("button[title^='Light']");
        await browser.ClickAsync("button[title^='Light']");
        await Eventually.TrueAsync("dark", async () => await LightnessAsync() < 60);
        // As it was left.
        await browser.OpenAsync($"{ConsoleShop.Address}?again");
        await browser.SeesAsync(".brand");
        Assert.True(await LightnessAsync() < 60);

        await browser.SeesAsync("[data-summary]");
        Assert.All(browser.Requests.Where(address => address != "about:blank"), address => Assert.StartsWith("http://127.0.0.1:15020/console/", address, StringComparison.Ordinal));
        Assert.Empty(browser.Problems);

        Task<double> LightnessAsync() => browser.EvaluateAsync<double>("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0) / 3");
    }

    private async Task FailAsync()
    {
        for (var i = 0; i < 30; i++)
        {
            await _shop.Client.CallAsync(new CallRequest { Kind = "http", Target = SmallShop.Web, Path = "/?status=500" });
        }
    }

    private static double Of(Scrape scrape, params (string, string)[] labels) => scrape.Sum(
        "nodemesh_http_requests_total", [("source_workload", "client"), ("destination_workload", "web-1"), .. labels]);

    // As Prometheus has it, of what was observed between the two.
    private static double Percentile99(Scrape first, Scrape last)
    {
        var buckets = last.Find("nodemesh_http_request_duration_seconds_bucket", ("source_workload", "client"), ("destination_workload", "web-1"))
            .GroupBy(sample => sample.Label("le") == "+Inf" ? double.PositiveInfinity : double.Parse(sample.Label("le"), CultureInfo.InvariantCulture))
            .Select(group => (Bound: group.Key, Count: group.Sum(sample => sample.Value) - first.Sum(
                "nodemesh_http_request_duration_seconds_bucket", ("source_workload", "client"), ("destination_workload", "web-1"), ("le", group.First().Label("le")))))
            .OrderBy(bucket => bucket.Bound).ToList();
        var rank = 0.99 * buckets[^1].Count;
        var index = buckets.FindIndex(bucket => bucket.Count >= rank);
        var (lower, below) = index == 0 ? (0, 0) : (buckets[index - 1].Bound, buckets[index - 1].Count);
        return lower + ((buckets[index].Bound - lower) * (rank - below) / (buckets[index].Count - below));
    }
}
