using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The page with the metrics of a large mesh, which are made up in the browser: 500 workloads in 20 namespaces, 1,200 edges that move.</summary>
[Collection("console")]
public sealed class FiveHundredWorkloads(ConsoleShop console, ITestOutputHelper output)
{
    private const string Metrics = """
        const workload = (i) => ['team-' + (i % 20), 'service-' + String(i).padStart(3, '0')];
        const edges = [];
        for (let i = 0; i < 500; i++) for (let k = 0; k < (i < 100 ? 4 : 2); k++) { const to = (i * 7 + k * 131 + 11) % 500; if (to > i) edges.push([i, to]); }
        for (let i = 0; edges.length < 1200; i++) { const from = (i * 37) % 470, to = from + 1 + (i * 13) % 29; if (to < 500 && !edges.some(([a, b]) => a === from && b === to)) edges.push([from, to]); }
        const bounds = ['0.001', '0.0025', '0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
        const labels = ['direction', 'protocol', 'security', 'source_namespace', 'source_workload', 'destination_namespace', 'destination_workload', 'destination_version', 'destination_service', 'route'];
        let round = 0;
        const series = () => { round++; const words = []; const known = new Map(); const requests = []; const latency = [];
          const word = (text) => known.get(text) ?? (known.set(text, words.push(text) - 1), words.length - 1);
          edges.forEach(([a, b], n) => {
            const [from, to] = [workload(a), workload(b)]; const count = round * (1 + n % 40); const failed = n % 50 === 0 ? round : 0;
            const own = ['local', 'http1', 'plaintext', ...from, ...to, '', to.join('/'), ''].map(word);
            requests.push([...own, word('2xx'), word(''), word(''), count]);
            if (failed) requests.push([...own, word('5xx'), word(''), word(''), failed]);
            latency.push([...own, ...bounds.map((_, i) => Math.floor((count + failed) * Math.min(1, (i + 1 + n % 5) / 10)))]); });
          return JSON.stringify({ words, families: [
            { name: 'nodemesh_http_requests_total', labels: [...labels, 'status', 'grpc_status', 'reason'], bounds: [], rows: requests },
            { name: 'nodemesh_http_request_duration_seconds_bucket', labels, bounds, rows: latency }] }); };
        window.slowest = 0; let last = performance.now(); const beat = () => { const now = performance.now(); window.slowest = Math.max(window.slowest, now - last); last = now; setTimeout(beat, 5); }; beat();
        const asked = window.fetch;
        window.fetch = async (...what) => what[0].startsWith('api/series') ? new Response(series()) : asked(...what);
        """;

    [Fact(Timeout = 120_000)]
    public async Task All_of_them_are_drawn_found_and_kept_live()
    {
        await using var browser = await Browser.StartAsync(console.Shop.Node);
        await browser.BeforeScriptsAsync(Metrics);
        var started = TimeProvider.System.GetTimestamp();
        await browser.OpenAsync(ConsoleShop.Address);
        await Eventually.EqualAsync("all are drawn", (500, 1200), async () => (await browser.CountAsync("[data-node]"), await browser.CountAsync("[data-edge]")), TimeSpan.FromSeconds(30));
        output.WriteLine($"drawn after {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:0} ms");
        await browser.SeesAsync("[data-summary]", "500 workloads, 1200 edges");
        await Eventually.TrueAsync("it has looked four times", async () => await browser.EvaluateAsync<int>("+document.querySelector('.console').dataset.scrapes") >= 4, TimeSpan.FromSeconds(30));
        await browser.EvaluateAsync<bool>("(window.slowest = 0, true)");
        await Eventually.TrueAsync("and twice more", async () => await browser.EvaluateAsync<int>("+document.querySelector('.console').dataset.scrapes") >= 6, TimeSpan.FromSeconds(30));
        output.WriteLine($"longest time the page was busy with two looks: {await browser.EvaluateAsync<double>("window.slowest"):0} ms");

        // No two nodes lie on each other.
        Assert.Equal(0, await browser.EvaluateAsync<int>("""
            (() => { const at = [...document.querySelectorAll('[data-node]')].map((node) => node.getAttribute('transform').match(/[\d.-]+/g).map(Number));
              const width = (i) => +document.querySelectorAll('[data-node] .box')[i].getAttribute('width'); const widths = at.map((_, i) => width(i)); let over = 0;
              for (let i = 0; i < at.length; i++) for (let j = i + 1; j < at.length; j++) if (Math.abs(at[i][1] - at[j][1]) < 46 && at[i][0] < at[j][0] + widths[j] && at[j][0] < at[i][0] + widths[i]) over++;
              return over; })()
            """));
        // What fails is named first.
        await browser.SeesAsync(".panel h2", "Look at");
        await browser.EvaluateAsync<bool>("(document.querySelector('input[type=search]').focus(), true)");
        await browser.TypeAsync("service-123");
        await Eventually.TrueAsync("it is found", async () => await browser.CountAsync("[data-node]") is > 1 and < 40);
        await browser.SeesAsync("[data-node='team-3/service-123']");
        await browser.PressAsync("Escape");
        await browser.EvaluateAsync<bool>("(document.activeElement.blur(), true)");
        await browser.PressAsync("2");
        await Eventually.EqualAsync("all are in the table", 500, () => browser.CountAsync("[data-workload]"));
        Assert.Empty(browser.Problems);
    }
}
