using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>`nodemesh tap`, the program itself, on real traffic.</summary>
[Collection("logging")]
public sealed class Taps(LoggingShop logging) : IDisposable
{
    private static readonly string[] Admin = ["--admin", "127.0.0.1:15020"];

    private readonly SmallShop _shop = logging.Shop;

    public void Dispose() => _shop.Mesh.Resources.Delete("deny");

    [Fact(Timeout = 120_000)]
    public async Task It_shows_the_requests_that_are_asked_for_with_both_ends_and_no_others()
    {
        await using var tap = Tap("service/web", "--path", "/cart", "--method", "get", "--status", "404,2xx", "--header", "x-user:alice");
        await tap.SeesAsync(() => CallAsync("/cart/first", "x-user: alice"), line => (string?)line["path"] == "/cart/first");
        await CallAsync("/other", "x-user: alice");
        await CallAsync("/cart/bob", "x-user: bob");
        await CallAsync("/cart/broken?status=500", "x-user: alice");
        await CallAsync("/cart/last?status=404", "x-user: alice");
        var last = await tap.LineAsync(line => (string?)line["path"] == "/cart/last");

        Assert.Equal(("client", "default/web", 404), ((string?)last["source_pod"], (string?)last["service"], (int)last["status"]!));
        Assert.StartsWith("web-", (string?)last["destination_pod"], StringComparison.Ordinal);
        Assert.True((double)last["duration"]! > 0);
        Assert.DoesNotContain(tap.Lines, line => (string?)line["path"] is "/other" or "/cart/bob" or "/cart/broken");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_person_reads_who_what_and_why()
    {
        _shop.Mesh.Resources.Write("deny", """
            {apiVersion: nodemesh.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: no-orders, namespace: default},
             spec: {targetRefs: [{kind: Service, name: web}], action: Deny, rules: [{to: [{paths: [{value: /orders}]}]}]}}
            """);
        await _shop.Agent.AppliesAsync("no-orders");
        await using var tap = new TapProcess(_shop.Node, Admin, "web", "--path", "/orders");
        await Eventually.TrueAsync("a line", async () =>
        {
            await CallAsync("/orders/\u001b[2Jx");
            return tap.Text.Count > 0;
        });

        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} client > web-[12] \(default/web\)  GET /orders/\S*x 403  [0-9.]+ ms  0 B in 0 B out  denied by AuthorizationPolicy/default/no-orders$", tap.Text.First());
        Assert.DoesNotContain('\u001b', tap.Text.First());
    }

    [Fact(Timeout = 120_000)]
    public async Task Connections_are_seen_too_and_of_a_flood_it_tells_how_much_was_left_out()
    {
        await using var tap = Tap("pod/client", "--rate", "5");
        await tap.SeesAsync(() => _shop.Client.CallAsync("opaque", "10.96.0.80:90"), line => (string?)line["protocol"] == "opaque");

        SmallShop.AssertNoFailure(await _shop.LoadAsync(1_500), _shop.Agent.Process);

        await Eventually.TrueAsync("it tells how many were left out", () => Task.FromResult(tap.Lines.Any(line => (int?)line["left_out"] > 0)));
        Assert.True(tap.Lines.Count < 100, $"{tap.Lines.Count} lines at 5 a second");
    }

    [Fact(Timeout = 120_000)]
    public async Task Few_may_watch_at_once_and_who_goes_makes_room()
    {
        var watching = Enumerable.Range(0, 4).Select(_ => Tap("web")).ToList();
        foreach (var tap in watching)
        {
            await tap.SeesAsync(() => CallAsync("/"), line => line["path"] is not null);
        }
        var refused = await Commands.TryAsync(_shop.Node.Inside(Products.Cli, "tap", "web", "--admin", "127.0.0.1:15020"));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("4 are watching already", refused.StandardError, StringComparison.Ordinal);

        await watching[0].DisposeAsync();
        await using var next = Tap("web", "--count", "1");
        await next.SeesAsync(() => CallAsync("/"), line => line["path"] is not null, again: () => Tap("web", "--count", "1"));
        foreach (var tap in watching.Skip(1))
        {
            await tap.DisposeAsync();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task It_goes_on_with_the_next_proxy_when_one_dies()
    {
        await using var tap = Tap("web");
        await tap.SeesAsync(() => CallAsync("/before"), line => (string?)line["path"] == "/before");
        var proxy = Assert.Single(await _shop.Agent.ProxiesAsync());
        await Commands.RunAsync("kill", "-9", proxy.ToString(System.Globalization.CultureInfo.InvariantCulture));

        await tap.SeesAsync(() => CallAsync("/after"), line => (string?)line["path"] == "/after");
    }

    [Fact(Timeout = 60_000)]
    public async Task Only_who_is_on_the_machine_may_watch()
    {
        var admin = $"http://{_shop.Node.V4(1)}:15020";
        Assert.Equal("200", await StatusAsync($"{admin}/healthz"));
        Assert.Equal("403", await StatusAsync($"{admin}/tap"));
        Assert.Contains("--tap anywhere (the chart's value tap)", await _shop.Client.ExecAsync("curl", "-s", "-m", "5", $"{admin}/tap"), StringComparison.Ordinal);
        // Nor a page in a browser there, by a name that it made to mean 127.0.0.1.
        Assert.Equal("403", (await _shop.Node.ExecAsync("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example", "http://127.0.0.1:15020/tap")).Trim());
        Assert.Equal("400", (await _shop.Node.ExecAsync("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:15020/tap?status=6xx")).Trim());

        async Task<string> StatusAsync(string url) => (await _shop.Client.ExecAsync("curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", url)).Trim();
    }

    private TapProcess Tap(params string[] arguments) => new(_shop.Node, Admin, [.. arguments, "-o", "json"]);

    private Task<CallResult> CallAsync(string path, params string[] headers) =>
        _shop.Client.CallAsync(new CallRequest { Kind = "http", Target = SmallShop.Web, Path = path, Headers = headers });
}
