using System.Net.Sockets;
using System.Text.Json;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Routes;

/// <summary>What docs/traffic.md and its pages promise of their examples.</summary>
[Collection("ebpf")]
public sealed class Examples(EbpfMesh mesh) : RoutedTraffic(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Those_who_ask_for_a_version_get_it()
    {
        await ApplyAsync("By header");

        for (var turn = 0; turn < 5; turn++)
        {
            Assert.Equal(V1, (await CallAsync()).Server!.Pod);
            Assert.Equal(V2, (await CallAsync(headers: "X-Version: v2")).Server!.Pod);
            Assert.Equal(V2, (await CallAsync("/beta/x")).Server!.Pod);
            Assert.Equal(V1, (await CallAsync("/betas")).Server!.Pod);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task All_requests_change_sides_at_once_and_none_is_lost()
    {
        await ApplyAsync("Blue-green");
        Assert.Equal([V1], (await CountAsync(50)).Keys);
        var load = Mesh.Client().CallAsync(new CallRequest { Kind = "load", Target = Shop, Count = 2, DurationMilliseconds = 2000 });
        await Task.Delay(500);

        await ApplyYamlAsync(DocExamples.Of("Blue-green").Replace("weight: 1", "weight: 2", StringComparison.Ordinal)
            .Replace("weight: 0", "weight: 1", StringComparison.Ordinal).Replace("weight: 2", "weight: 0", StringComparison.Ordinal));

        var result = await load;
        SmallShop.AssertNoFailure(result);
        Assert.Equal([V2, V1], result.Pods!.Keys.Order());
        Assert.Equal([V2], (await CountAsync(50)).Keys);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_redirect_says_where_else()
    {
        await ApplyAsync("Redirect");

        var moved = await CallAsync("/old/shoes?size=43");

        Assert.Equal((301, "http://shop.example.org/new/shoes?size=43"), (moved.Status, moved.Headers!["location"]));
        Assert.Equal(V1, (await CallAsync("/other")).Server!.Pod);
    }

    [Fact(Timeout = 60_000)]
    public async Task Path_host_and_headers_arrive_as_written()
    {
        await ApplyAsync("Rewrite, and headers");

        var result = await CallAsync("/api/v1/shoes?color=red", "POST", 1000, headers: ["x-secret: s", "x-kept: k"]);

        var seen = result.Server!;
        Assert.Equal(("/shoes?color=red", "inner.example.org", 1000L), (seen.RawTarget, seen.Host, seen.Bytes));
        Assert.Equal(["content-length", "host", "x-backend", "x-kept", "x-mesh"], seen.Headers!.Keys.Order());
        Assert.Equal(("yes", "v1", "mesh"), (seen.Headers["x-mesh"], seen.Headers["x-backend"], result.Headers!["x-served-by"]));

        var none = await CallAsync("/elsewhere");
        Assert.Equal((404, "no_route"), (none.Status, none.Headers!["nodemesh-error"]));
    }

    [Fact(Timeout = 60_000)]
    public async Task Half_of_the_requests_are_copied_and_no_answer_changes()
    {
        await ApplyAsync("Mirror");
        var before = await InboundAsync();

        var counts = await CountAsync(400);

        Assert.Equal([V1], counts.Keys);
        await Eventually.TrueAsync("the copies have been answered", async () => (await Mesh.Near.Agent.ScrapeAsync())
            .Sum("nodemesh_http_mirrored_total", ("route", "default/mirror"), ("result", "answered")) >= 140);
        Assert.InRange(await InboundAsync() - before, 140, 260);
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_mirror_of_a_rule_gets_its_own_share()
    {
        var copies = await Mesh.AddPodAsync("copies", app: "copies");
        await Mesh.StartNginxAsync(copies, 8080, """location / { return 200 "copied"; }""");
        try
        {
            await ApplyYamlAsync(DocExamples.Of("Mirror").Replace("percent: 50", """
                percent: 100
                    - type: RequestMirror
                      requestMirror: {backendRef: {name: copies, port: 80}, fraction: {numerator: 1, denominator: 4}}
                """, StringComparison.Ordinal) + """
                ---
                {apiVersion: v1, kind: Service, metadata: {name: copies}, spec: {clusterIP: 10.96.0.67, selector: {app: copies}, ports: [{name: http, port: 80, targetPort: 8080}]}}
                """);
            var before = await InboundAsync();

            var counts = await CountAsync(400);

            Assert.Equal([V1], counts.Keys);
            await Eventually.TrueAsync("all copies have come", async () => await InboundAsync() == before + 400);
            // Four and a half standard deviations of 400 times a quarter.
            Assert.InRange((await File.ReadAllLinesAsync($"{Mesh.Home(copies.Name)}/access.log")).Length, 61, 139);
        }
        finally
        {
            await Mesh.RemovePodAsync(copies);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task What_takes_too_long_is_given_up()
    {
        await ApplyAsync("Timeouts");
        var before = await GivenUpAsync();

        var slow = await CallAsync("/?delay=5000");
        var quick = await CallAsync("/?delay=1");

        Assert.Equal((504, "timeout_backend"), (slow.Status, slow.Headers!["nodemesh-error"]));
        Assert.True(quick.Ok);
        await Eventually.TrueAsync("it is counted", async () => await GivenUpAsync() == before + 1);

        async Task<double> GivenUpAsync() =>
            (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_requests_total", ("route", "default/timeouts"), ("reason", "timeout_backend"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("request: 2s, backendRequest: 1s", "300m", "timeout_request")]
    [InlineData("backendRequest: 1s", "300m", "timeout_request")]
    [InlineData("request: 1s", "20S", "timeout_request")]
    [InlineData("request: 20s, backendRequest: 1s", "10S", "timeout_backend")]
    public async Task The_shortest_of_a_calls_own_limit_and_the_routes_counts(string timeouts, string asked, string reason)
    {
        await ApplyYamlAsync(DocExamples.Of("Timeouts").Replace("port: 80", "port: 82", StringComparison.Ordinal)
            .Replace("request: 2s, backendRequest: 1s", timeouts, StringComparison.Ordinal));

        // Not a gRPC client: that gives up at its own limit by itself, and would not say whose answer it had.
        var late = await CallAsync("/?delay=30000", [$"grpc-timeout: {asked}"]);
        var quick = await CallAsync("/", [$"grpc-timeout: {asked}"]);

        Assert.Equal((200, "4", reason), (late.Status, late.Headers!["grpc-status"], late.Headers["nodemesh-error"]));
        Assert.Equal((true, V1), (quick.Ok, quick.Server?.Pod));

        Task<CallResult> CallAsync(string path, string[] headers) => Mesh.Client().CallAsync(new CallRequest
        {
            Kind = "h2c", Target = "10.96.0.60:82", Path = path, Method = "POST", Headers = ["content-type: application/grpc", "te: trailers", .. headers],
        });
    }

    [Fact(Timeout = 60_000)]
    public async Task Nobody_notices_a_server_that_fails_every_second_time()
    {
        var nginx = await Mesh.AddPodAsync("flaky", app: "shop-v1");
        await Mesh.StartNginxAsync(nginx, 8080, """location / { return 503 "busy"; }""");
        try
        {
            var refused = await Eventually.HoldsAsync("it has its share of the traffic", () => CallAsync(), result => !result.Ok);
            Assert.Equal(503, refused.Status);

            await ApplyAsync("Retries");
            Assert.Empty(await FailuresAsync());
            // A body is sent again, too, but nobody asked that of POST.
            for (var turn = 0; turn < 20; turn++)
            {
                var put = await CallAsync(method: "PUT", bodySize: 20_000);
                Assert.Equal((V1, 20_000L), (put.Server?.Pod, put.Server?.Bytes));
            }
            await Eventually.TrueAsync("they are counted", async () => (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_retries_total", ("route", "default/retries")) > 0);
        }
        finally
        {
            await Mesh.RemovePodAsync(nginx);
        }

        async Task<List<int>> FailuresAsync()
        {
            var statuses = new List<int>();
            for (var turn = 0; turn < 60; turn++)
            {
                var result = await CallAsync();
                if (!result.Ok)
                {
                    statuses.Add(result.Status);
                }
            }
            return statuses;
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Nobody_notices_a_server_that_dies()
    {
        var dying = await Mesh.AddPodAsync("dying", app: "shop-v1");
        var server = await dying.ServeAsync();
        try
        {
            await ApplyAsync("Retries");
            var load = Mesh.Client().CallAsync(new CallRequest { Kind = "load", Target = Shop, Count = 2, DurationMilliseconds = 3000 });
            await Task.Delay(1000);
            await dying.StopAsync(server);

            SmallShop.AssertNoFailure(await load);
        }
        finally
        {
            await Mesh.RemovePodAsync(dying);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_session_stays_where_it_began()
    {
        await ApplyAsync("Sessions");
        foreach (var wanted in new[] { V1, V2 })
        {
            var first = await Eventually.HoldsAsync($"a session begins at {wanted}", () => CallAsync(), result => result.Server?.Pod == wanted);
            var cookie = first.Headers!["set-cookie"].Split(';')[0];
            Assert.StartsWith("shop-session=", cookie, StringComparison.Ordinal);
            for (var turn = 0; turn < 10; turn++)
            {
                Assert.Equal(wanted, (await CallAsync(headers: $"Cookie: a=b; {cookie}")).Server!.Pod);
            }
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_preflight_is_answered_by_the_mesh()
    {
        await ApplyAsync("CORS");

        var preflight = await CallAsync(method: "OPTIONS", headers: ["Origin: https://a.example.org", "Access-Control-Request-Method: PUT"]);
        var actual = await CallAsync(headers: "Origin: https://a.example.org");
        var other = await CallAsync(headers: "Origin: https://example.com");

        Assert.Equal((204, "GET, PUT", "600"), (preflight.Status, preflight.Headers!["access-control-allow-methods"], preflight.Headers["access-control-max-age"]));
        Assert.Equal("https://a.example.org", actual.Headers!["access-control-allow-origin"]);
        Assert.DoesNotContain("access-control-allow-origin", other.Headers!.Keys);
    }

    [Fact(Timeout = 60_000)]
    public async Task Calls_go_by_their_method()
    {
        await ApplyAsync("gRPC");

        var unary = await Mesh.Client().CallAsync(new CallRequest { Kind = "grpc", Target = "10.96.0.60:82" });
        var stream = await Mesh.Client().CallAsync(new CallRequest { Kind = "grpc", Target = "10.96.0.60:82", Rpc = "bidi" });

        Assert.True(unary.Ok && stream.Ok, $"{unary.Error} {stream.Error}");
        Assert.Equal((V2, V1), (unary.Server!.Pod, stream.Server!.Pod));
    }

    [Fact(Timeout = 60_000)]
    public async Task Connections_go_by_their_server_name_or_their_port()
    {
        await ApplyAsync("TLS and TCP");

        var known = await Mesh.Client().CallAsync(new CallRequest { Kind = "tls", Target = "10.96.0.60:443", Sni = "v2.example.org" });
        var below = await Mesh.Client().CallAsync(new CallRequest { Kind = "tls", Target = "10.96.0.60:443", Sni = "a.b.v2.example.org" });
        var unknown = await Mesh.Client().CallAsync(new CallRequest { Kind = "tls", Target = "10.96.0.60:443", Sni = "v1.example.org" });
        var opaque = await Mesh.Client().CallAsync("opaque", "10.96.0.60:90");

        Assert.Equal((V2, V2, V2), (known.Server?.Pod, below.Server?.Pod, opaque.Server?.Pod));
        Assert.False(unknown.Ok);
        await Eventually.TrueAsync("the refusal is counted", async () => (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_tcp_connections_closed_total", ("reason", "no_route")) >= 1);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pods_own_address_and_other_callers_are_as_they_were()
    {
        await ApplyAsync("Redirect");

        var direct = await CallAsync("/old", target: Traffic.Target(Mesh.Server(), AddressFamily.InterNetwork, "http"));

        Assert.Equal((200, "/old"), (direct.Status, direct.Server!.RawTarget));
    }

    [Fact(Timeout = 60_000)]
    public async Task Conditions_are_on_the_admin_port()
    {
        await ApplyYamlAsync(DocExamples.Of("Canary").Replace("name: shop-v2", "name: shop-v3", StringComparison.Ordinal));

        using var routes = JsonDocument.Parse(await Mesh.Near.Agent.GetAsync("/routes"));
        var conditions = routes.RootElement.EnumerateArray().Single(route => route.GetProperty("name").GetString() == "canary")
            .GetProperty("parents")[0].GetProperty("conditions").EnumerateArray().ToDictionary(condition => condition.GetProperty("type").GetString()!);

        Assert.True(conditions["Accepted"].GetProperty("status").GetBoolean());
        Assert.Equal("BackendNotFound", conditions["ResolvedRefs"].GetProperty("reason").GetString());
        var counts = new HashSet<int>();
        await Eventually.TrueAsync("the missing backend's share is answered with 500", async () => counts.Add((await CallAsync()).Status) && counts.Count == 2);
        Assert.Equal([200, 500], counts.Order());
    }

    /// <summary>The requests that have come to version 2.</summary>
    private async Task<double> InboundAsync() =>
        (await Mesh.Far.Agent.ScrapeAsync()).Sum("nodemesh_http_requests_total", ("direction", "inbound"), ("destination_workload", V2));
}
