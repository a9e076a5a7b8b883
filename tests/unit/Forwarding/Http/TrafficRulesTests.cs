using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>What a TrafficPolicy, or an XBackendTrafficPolicy, does to requests, byte by byte.</summary>
public sealed class TrafficRulesTests
{
    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_over_the_limit_waits_for_one_to_end_and_the_next_is_refused(bool isRouted)
    {
        await using var hub = await StartAsync(isRouted, new TrafficRules { MaxRequests = 1, MaxPendingRequests = 1 });
        var first = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        var second = await RequestAsync(hub);
        await WaitsAsync(hub, 1);

        AssertError(await (await RequestAsync(hub)).HeadAsync(), "503", "circuit_open");
        Assert.Single(hub.Dialer.Dials);
        await upstream.SendAsync(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", await first.HeadAsync(), StringComparison.Ordinal);
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", await second.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal(0, Waiting(hub));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_that_waits_gives_up_when_its_time_is_over()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule { Timeouts = new RouteTimeouts { RequestMilliseconds = 300 } });
        Apply(hub, new TrafficRules { MaxRequests = 1, MaxPendingRequests = 1 });
        var lease = Proxy.Balancing.EndpointLease.Begin(hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints[0].Load, TimeProvider.System);

        AssertError(await (await RequestAsync(hub)).HeadAsync(), "504", "timeout_request");
        Assert.Equal(0, Waiting(hub));
        lease.End();
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_that_waits_goes_with_its_client()
    {
        await using var hub = await StartAsync(false, new TrafficRules { MaxRequests = 1, MaxPendingRequests = 1 });
        await RequestAsync(hub);
        await (await hub.UpstreamAsync()).HeadAsync();
        var second = await RequestAsync(hub);
        await WaitsAsync(hub, 1);

        second.Reset();

        await WaitsAsync(hub, 0);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"downstream_reset\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task An_exchange_in_which_nothing_passes_is_ended()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Policy = "shop/p", Timeouts = new TrafficTimeouts { IdleMilliseconds = 100 } });
        RecordedTraffic.Ask(hub.Store);
        var silent = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        AssertError(await silent.HeadAsync(), "504", "timeout_idle");
        Assert.Equal("TrafficPolicy/shop/p", (await hub.Told.SingleAsync()).Policy);
        await upstream.HeadAsync();
        await upstream.EndsAsync();

        var half = await RequestAsync(hub);
        upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        await half.HeadAsync();
        await half.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"timeout_idle\"", "status=\"0\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task An_exchange_in_which_something_passes_goes_on()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { IdleMilliseconds = 2000 } });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
        for (var i = 0; i < 30; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await upstream.SendAsync("x");
        }

        await client.HeadAsync();
        Assert.Equal(new string('x', 30), await client.ExactlyAsync(30));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_connection_that_does_not_open_in_time_is_503()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { ConnectMilliseconds = 100 } });
        hub.Dialer.IsStuck = true;

        AssertError(await (await RequestAsync(hub)).HeadAsync(), "503", "upstream_connect");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_connection_is_kept_for_as_long_as_the_policy_says()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { KeepAliveMilliseconds = 60_000 } });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        for (var turn = 0; turn < 2; turn++)
        {
            await upstream.HeadAsync();
            await upstream.SendAsync(Ok);
            await client.HeadAsync();
            Assert.Equal("ok", await client.ExactlyAsync(2));
            await Task.Delay(2000, TestContext.Current.CancellationToken); // twice as long as without a policy
            await client.SendAsync(Get);
        }
        await upstream.HeadAsync();

        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_1_reaches_a_server_that_speaks_HTTP_2_alone()
    {
        await using var server = await Http2Server.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol));
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(server.Address);
        Apply(hub, new TrafficRules { Http2 = true });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Contains("HTTP/2", await client.RestAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_kept_makes_room_for_another(bool isRouted)
    {
        using var other = new UpstreamListener();
        await using var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule(), other.EndPoint) : await HubFixture.StartAsync();
        hub.Declare(hub.Upstream, other.EndPoint);
        Apply(hub, new TrafficRules { MaxConnections = 1, Algorithm = BalancingAlgorithm.RoundRobin, Timeouts = new TrafficTimeouts { KeepAliveMilliseconds = 60_000 } });
        var (one, two) = (hub.UpstreamAsync(), other.AcceptAsync());
        var client = await RequestAsync(hub);
        var taken = await Task.WhenAny(one, two);
        using var first = await taken;
        await first.HeadAsync();
        await first.SendAsync(Ok);
        await client.UntilAsync("ok");
        Assert.Equal(1, Connections(hub));

        await client.SendAsync(Get);
        using var second = await (taken == one ? two : one);
        await first.EndsAsync();
        await second.HeadAsync();
        await second.SendAsync(Ok);

        await client.UntilAsync("ok");
        Assert.Equal(1, Connections(hub));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_without_a_connection_left_waits_or_is_refused()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Policy = "shop/p", MaxConnections = 1, MaxPendingRequests = 1 });
        RecordedTraffic.Ask(hub.Store);
        var first = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        var second = await RequestAsync(hub);
        await WaitsAsync(hub, 1);

        AssertError(await (await RequestAsync(hub)).HeadAsync(), "503", "circuit_open");
        Assert.Equal("TrafficPolicy/shop/p", (await hub.Told.SingleAsync()).Policy);
        await upstream.SendAsync(Ok);
        await first.UntilAsync("ok");
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        await second.UntilAsync("ok");
        Assert.Single(hub.Dialer.Dials);
        Assert.Equal(1, Connections(hub));
    }

    [Fact(Timeout = 20_000)]
    public async Task An_HTTP_2_connection_over_the_limit_is_not_opened_and_what_is_open_goes_on()
    {
        await using var server = await Http2Server.StartAsync(Ok2);
        await using var other = await Http2Server.StartAsync(Ok2);
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(server.Address, other.Address);
        Apply(hub, new TrafficRules { Http2 = true, MaxConnections = 1, Algorithm = BalancingAlgorithm.RoundRobin });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("ok", await client.ExactlyAsync(2));
        await client.SendAsync(Get);
        AssertError(await client.HeadAsync(), "503", "circuit_open");
        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal(1, Connections(hub));
        Assert.All(hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints, endpoint => Assert.Equal(0, endpoint.Load.Pending));

        static Task Ok2(HttpContext context)
        {
            context.Response.ContentLength = 2;
            return context.Response.WriteAsync("ok");
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_2_reaches_a_server_that_speaks_HTTP_1_alone()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Http1 = true });
        using var client = Http2Client(hub);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://web.shop/a?b") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("x-one", "1");
        request.Content = new StreamContent(new MemoryStream(new byte[100_000]));
        request.Content.Headers.ContentLength = 100_000;
        var answer = client.SendAsync(request, TestContext.Current.CancellationToken);
        var upstream = await hub.UpstreamAsync();
        var head = await upstream.HeadAsync();
        await upstream.ExactlyAsync(100_000);
        await upstream.SendAsync("HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\nConnection: keep-alive\r\nX-Two: 2\r\n\r\n2\r\nok\r\n0\r\nx-sum: 42\r\n\r\n");
        using var response = await answer;

        Assert.StartsWith("POST /a?b HTTP/1.1\r\nHost: web.shop\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-one: 1", Fields(head));
        Assert.Contains("content-length: 100000", Fields(head));
        Assert.Equal((HttpVersion.Version20, HttpStatusCode.Created, "2"), (response.Version, response.StatusCode, response.Headers.GetValues("x-two").Single()));
        Assert.Equal("ok", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("42", response.TrailingHeaders.GetValues("x-sum").Single());
    }

    [Fact(Timeout = 20_000)]
    public async Task Streams_of_one_HTTP_2_connection_have_a_connection_each_and_end_by_themselves()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Http1 = true });
        using var client = Http2Client(hub);
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var one = client.SendAsync(Request("/one"), givenUp.Token);
        var first = await hub.UpstreamAsync();
        Assert.StartsWith("GET /one ", await first.HeadAsync(), StringComparison.Ordinal);
        var two = client.SendAsync(Request("/two"), TestContext.Current.CancellationToken);
        var second = await hub.UpstreamAsync();
        Assert.StartsWith("GET /two ", await second.HeadAsync(), StringComparison.Ordinal);

        await givenUp.CancelAsync();
        await first.EndsAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await second.SendAsync(Ok);

        using var response = await two;
        Assert.Equal("ok", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        static HttpRequestMessage Request(string path) => new(HttpMethod.Get, $"http://web.shop{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    [Theory(Timeout = 20_000)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_session_of_a_Service_stays_at_the_endpoint_where_it_began(bool isRouted, bool byHeader)
    {
        await using var one = new NamedServer("one");
        await using var two = new NamedServer("two");
        await using var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule()) : await HubFixture.StartAsync();
        hub.Declare(one.EndPoint, two.EndPoint);
        var session = new SessionPersistence { Name = "s", Path = "/", ByHeader = byHeader, AbsoluteTimeoutSeconds = 60 };
        Apply(hub, session);
        var (began, token) = await TurnAsync(null);
        for (var turn = 0; turn < 8; turn++)
        {
            Assert.Equal((began, null), await TurnAsync(token));
        }

        // One that fails does not keep its sessions, nor does one that is gone.
        Apply(hub, session, new TrafficRules { Outliers = new OutlierRules { ConsecutiveErrors = 1, BaseEjectionMilliseconds = 60_000, MaxEjectionMilliseconds = 60_000, MaxEjectionPercent = 50 } });
        var failing = hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints.Single(endpoint => endpoint.Address.Equals(one.EndPoint) == (began == "one"));
        failing.Load.FailedAs(isGateway: true, TimeProvider.System.GetTimestamp());
        var (moved, next) = await TurnAsync(token);
        Assert.NotEqual(began, moved);
        Assert.NotNull(next);
        Assert.Equal((moved, null), await TurnAsync(next));

        async Task<(string Server, string? Token)> TurnAsync(string? brought)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\n{(brought is null ? "" : byHeader ? $"s: {brought}\r\n" : $"Cookie: x=y; s={brought}\r\n")}Connection: close\r\n\r\n");
            var fields = Fields(await client.RestAsync()).ToList();
            var given = fields.SingleOrDefault(field => field.StartsWith(byHeader ? "s: " : "set-cookie: s=", StringComparison.Ordinal));
            return (fields.Single(field => field.StartsWith("x-server: ", StringComparison.Ordinal))[10..], given?.Split(';')[0][(byHeader ? 3 : 14)..]);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_session_waits_for_its_endpoint_as_any_request()
    {
        await using var one = new NamedServer("one");
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(one.EndPoint);
        Apply(hub, new SessionPersistence { Name = "s", Path = "/" }, new TrafficRules { MaxRequests = 1 });
        var endpoint = hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints[0];
        var lease = Proxy.Balancing.EndpointLease.Begin(endpoint.Load, TimeProvider.System);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\nCookie: s={Proxy.Routing.SessionToken.Write(endpoint, DateTimeOffset.UtcNow)}\r\n\r\n");

        AssertError(await client.HeadAsync(), "503", "circuit_open");
        lease.End();
    }

    [Fact(Timeout = 20_000)]
    public async Task The_sessions_of_a_rule_go_before_those_of_its_backends()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule { SessionPersistence = new SessionPersistence { Name = "of-rule", Path = "/" } });
        Apply(hub, new SessionPersistence { Name = "of-service", Path = "/" });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("set-cookie: of-rule=", Fields(await client.HeadAsync()).Single(field => field.StartsWith("set-cookie", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task More_retries_than_allowed_at_a_time_are_not_made_and_the_answer_stands()
    {
        await using var hub = await RoutedHub.StartAsync(Retrying(503));
        Apply(hub, new TrafficRules { MaxRetries = 1 });
        var first = await RequestAsync(hub);
        await FailAsync(await hub.UpstreamAsync());
        await (await hub.UpstreamAsync()).HeadAsync();

        var second = await RequestAsync(hub);
        await FailAsync(await hub.UpstreamAsync());

        Assert.StartsWith("HTTP/1.1 503 Busy", await second.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_retries_refused_total{route=\"shop/r\",limit=\"max_retries\"} 1");
        first.Dispose();
    }

    [Fact(Timeout = 20_000)]
    public async Task Over_the_retry_budget_is_503()
    {
        await using var hub = await RoutedHub.StartAsync(Retrying(500));
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Policies =
            {
                new ScopedPolicies
                {
                    Scope = "shop/web",
                    Backend = new BackendRules { Policy = "shop/p", RetryBudget = new RetryBudget { IntervalMilliseconds = 10_000, MinRetries = 1, MinIntervalMilliseconds = 3_600_000 } },
                },
            },
        });
        RecordedTraffic.Ask(hub.Store);
        var client = await RequestAsync(hub);
        for (var turn = 0; turn < 2; turn++)
        {
            await FailAsync(await hub.UpstreamAsync(), "500 Broken");
        }

        AssertError(await client.HeadAsync(), "503", "retry_budget");
        Assert.Equal("XBackendTrafficPolicy/shop/p", (await hub.Told.SingleAsync()).Policy);
        await hub.EventuallyCountsAsync("nodemesh_http_retries_refused_total{route=\"shop/r\",limit=\"retry_budget\"} 1");
        await hub.EventuallyCountsAsync("nodemesh_http_retries_total{route=\"shop/r\"} 1");
    }

    private static async Task<HubFixture> StartAsync(bool isRouted, TrafficRules rules)
    {
        var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule()) : await HubFixture.StartAsync();
        if (!isRouted)
        {
            hub.Declare(hub.Upstream);
        }
        Apply(hub, rules);
        return hub;
    }

    private static void Apply(HubFixture hub, TrafficRules rules) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1, Policies = { new ScopedPolicies { Scope = "shop/web", Traffic = rules } },
    });

    private static void Apply(HubFixture hub, SessionPersistence session, TrafficRules? rules = null) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1, Policies = { new ScopedPolicies { Scope = "shop/web", Backend = new BackendRules { SessionPersistence = session }, Traffic = rules } },
    });

    private static int Connections(HubFixture hub) => hub.Store.Current.FindServicePort("shop/web", 80)!.Traffic.Connections.Open;

    private static HttpMessageInvoker Http2Client(HubFixture hub) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, _) => new NetworkStream((await hub.ClientAsync(HubFixture.ClusterIp, http2: true)).Socket, ownsSocket: false),
    });

    private static async Task<Peer> RequestAsync(HubFixture hub)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        return client;
    }

    private static async Task FailAsync(Peer upstream, string status = "503 Busy")
    {
        await upstream.HeadAsync();
        await upstream.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    }

    private static int Waiting(HubFixture hub) => hub.Store.Current.FindServicePort("shop/web", 80)!.Traffic.Pending.Count;

    private static async Task WaitsAsync(HubFixture hub, int count)
    {
        while (Waiting(hub) != count)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
