using System.Net;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>What routes do to requests, byte by byte.</summary>
public sealed class RoutedTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_request_that_no_rule_is_for_is_404_and_the_connection_goes_on()
    {
        await using var hub = await StartAsync(new RouteMatch { Path = new PathMatch { Exact = "/there" } }, new RouteRule());
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync(Get);
        var head = await client.HeadAsync();
        await client.SendAsync("GET /there HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("HTTP/1.1 404 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: no_route\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"no_route\"", "status=\"4xx\"", "route=\"\"");
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"\"", "status=\"2xx\"", "route=\"shop/r\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task Headers_are_set_added_and_removed_on_the_way_there_and_back()
    {
        var modifier = new HeaderModifier
        {
            Set = { new HeaderValue { Name = "X-Set", Value = "new" } },
            Add = { new HeaderValue { Name = "x-add", Value = "b" } },
            Remove = { "X-Remove" },
        };
        await using var hub = await StartAsync(new RouteRule { Filters = { new RouteFilter { RequestHeaders = modifier }, new RouteFilter { ResponseHeaders = modifier } } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nx-set: old\r\nX-Add: a\r\nx-remove: x\r\nx-keep: k\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        var request = await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nX-Set: old\r\nX-Remove: x\r\nX-Keep: k\r\nContent-Length: 0\r\n\r\n");
        var response = await client.HeadAsync();

        Assert.Equal(["host: a", "x-add: a,b", "x-keep: k", "x-set: new"], Fields(request));
        Assert.Equal(["x-add: b", "x-keep: k", "x-set: new"], Fields(response).Where(field => field.StartsWith("x-", StringComparison.Ordinal)));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_backends_filters_are_for_its_requests_after_the_rules()
    {
        var rule = new RouteRule { Filters = { SetRequest("x-by", "rule") }, Backends = { Backend(SetRequest("x-by", "backend")) } };
        await using var hub = await StartAsync(rule);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync(Get);

        Assert.Contains("x-by: backend", Fields(await (await hub.UpstreamAsync()).HeadAsync()));
    }

    [Fact(Timeout = 20_000)]
    public async Task Path_and_host_are_rewritten()
    {
        await using var hub = await StartAsync(
            new RouteMatch { Path = new PathMatch { Prefix = "/old" } },
            new RouteRule { Filters = { new RouteFilter { UrlRewrite = new UrlRewrite { Hostname = "other.example", Path = new PathModifier { Prefix = "/new" } } } } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync("GET /old/thing?a=%20 HTTP/1.1\r\nHost: web.shop\r\n\r\n");
        var request = await (await hub.UpstreamAsync()).HeadAsync();

        Assert.StartsWith("GET /new/thing?a=%20 HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("host: other.example", Fields(request));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_redirect_is_answered_without_an_upstream()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { new RouteFilter { Redirect = new Redirect { Scheme = "https", Status = 301 } } } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync("GET /a?b HTTP/1.1\r\nHost: web.shop:8080\r\n\r\n");
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 301 ", head, StringComparison.Ordinal);
        Assert.Contains("location: https://web.shop/a?b", Fields(head));
        Assert.Empty(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_filter_that_can_not_be_carried_out_is_500()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { new RouteFilter { Unusable = new UnusableFilter { What = "Magic" } } } });

        await AssertAnswerAsync(hub, "500", "invalid_filter");
        Assert.Empty(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_share_without_a_backend_is_500()
    {
        await using var hub = await StartAsync(new RouteRule { Backends = { new RouteBackend { Weight = 1 } } });

        await AssertAnswerAsync(hub, "500", "invalid_backend");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_rule_all_of_whose_weights_are_zero_is_500()
    {
        await using var hub = await StartAsync(new RouteRule { Backends = { new RouteBackend { Port = Port, Weight = 0 } } });

        await AssertAnswerAsync(hub, "500", "invalid_backend");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_preflight_is_answered_and_the_request_after_it_gets_the_origin()
    {
        var cors = new Cors { AllowOrigins = { "https://*.example.org" }, AllowMethods = { "GET", "PUT" }, MaxAgeSeconds = 60 };
        await using var hub = await StartAsync(new RouteRule { Filters = { new RouteFilter { Cors = cors } } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example.org\r\nAccess-Control-Request-Method: PUT\r\n\r\n");
        var preflight = await client.HeadAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example.org\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 204 ", preflight, StringComparison.Ordinal);
        Assert.Contains("access-control-allow-methods: get, put", Fields(preflight));
        Assert.Contains("access-control-allow-origin: https://a.example.org", Fields(head));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_refusal_by_the_service_that_is_asked_is_the_routes()
    {
        using var asked = new UpstreamListener();
        var filter = new RouteFilter { ExternalAuth = new ExternalAuth { Port = new BackendPort { Service = "shop/mirror", Port = 80 }, TimeoutMilliseconds = 5_000 } };
        await using var hub = await StartAsync(new RouteRule { Filters = { filter } }, mirror: asked.EndPoint);
        RecordedTraffic.Ask(hub.Store);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        using var question = await asked.AcceptAsync();
        await question.HeadAsync();
        await question.SendAsync("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");

        AssertError(await client.HeadAsync(), "401", "denied");
        Assert.Equal("HTTPRoute/shop/r", (await hub.Told.SingleAsync()).Policy);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_session_stays_at_the_endpoint_where_it_began()
    {
        using var other = new UpstreamListener();
        var session = new SessionPersistence { Name = "s", Path = "/shop" };
        await using var hub = await StartAsync(new RouteRule { SessionPersistence = session }, other.EndPoint);
        var first = await hub.ClientAsync(HubFixture.ClusterIp);
        await first.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        var (upstream, isOther) = await AnyAsync(hub, other);
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        var cookie = Fields(await first.RestAsync()).Single(field => field.StartsWith("set-cookie: ", StringComparison.Ordinal))["set-cookie: ".Length..];
        Assert.Contains("path=/shop", cookie, StringComparison.Ordinal);
        upstream.Dispose();

        for (var turn = 0; turn < 8; turn++)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\nCookie: x=y; {cookie.Split(';')[0]}\r\nConnection: close\r\n\r\n");
            using var again = isOther ? await other.AcceptAsync() : await hub.UpstreamAsync();
            await again.HeadAsync();
            await again.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            Assert.DoesNotContain("set-cookie", (await client.RestAsync()).ToLowerInvariant(), StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_change_of_routes_is_in_force_for_the_next_request_of_the_same_connection()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { SetRequest("x-by", "one") } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        Assert.Contains("x-by: one", Fields(await upstream.HeadAsync()));
        await upstream.SendAsync(Ok);
        await client.UntilAsync("ok");

        Apply(hub, new RouteMatch(), new RouteRule { Filters = { SetRequest("x-by", "two") } });
        await client.SendAsync(Get);

        Assert.Contains("x-by: two", Fields(await upstream.HeadAsync()));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_callers_own_namespace_comes_before_the_Services()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { SetRequest("x-by", "producer") } });
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Workloads = { new Workload { Id = "client/a", Namespace = "client", Name = "a", Owner = "a", Addresses = { "10.1.1.1" } } },
            Routes =
            {
                new ServiceRoutes
                {
                    Service = "shop/web",
                    Tables =
                    {
                        Table("", new RouteMatch(), new RouteRule { Filters = { SetRequest("x-by", "producer") } }),
                        Table("client", new RouteMatch(), new RouteRule { Filters = { SetRequest("x-by", "consumer") } }),
                    },
                },
            },
        });
        foreach (var (address, by) in new[] { ("10.1.1.1:1000", "consumer"), ("10.1.1.2:1000", "producer") })
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp, client: IPEndPoint.Parse(address));
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            using var upstream = await hub.UpstreamAsync();
            Assert.Contains($"x-by: {by}", Fields(await upstream.HeadAsync()));
        }
    }
}
