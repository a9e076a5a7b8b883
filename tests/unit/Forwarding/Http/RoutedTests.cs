using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>What routes do to requests, byte by byte.</summary>
public sealed class RoutedTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: web.shop\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

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
    public async Task An_upstream_that_takes_too_long_is_504_and_is_let_go()
    {
        await using var hub = await StartAsync(new RouteRule { Timeouts = new RouteTimeouts { BackendRequestMilliseconds = 50 } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();

        AssertError(await client.HeadAsync(), "504", "timeout_backend");
        await upstream.EndsAsync();
    }

    [Fact(Timeout = 20_000)]
    public async Task The_time_for_a_request_is_for_all_of_its_attempts()
    {
        await using var hub = await StartAsync(new RouteRule
        {
            Timeouts = new RouteTimeouts { RequestMilliseconds = 300, BackendRequestMilliseconds = 40 },
            Retry = new RouteRetry { Attempts = 1000, BackoffMilliseconds = 1 },
        });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync(Get);

        AssertError(await client.HeadAsync(), "504", "timeout_request");
        Assert.True(hub.Dialer.Dials.Count > 1);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_response_in_time_is_not_touched_by_a_limit()
    {
        await using var hub = await StartAsync(new RouteRule { Timeouts = new RouteTimeouts { RequestMilliseconds = 10_000 } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        for (var turn = 0; turn < 2; turn++)
        {
            await client.SendAsync(Get);
        }
        var upstream = await hub.UpstreamAsync();
        for (var turn = 0; turn < 2; turn++)
        {
            await upstream.HeadAsync();
            await upstream.SendAsync(Ok);
            Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
            Assert.Equal("ok", await client.ExactlyAsync(2));
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_status_of_the_list_is_tried_again_with_the_same_body()
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("PUT /thing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        for (var turn = 0; turn < 2; turn++)
        {
            var failing = await hub.UpstreamAsync();
            Assert.StartsWith("PUT /thing ", await failing.HeadAsync(), StringComparison.Ordinal);
            Assert.Equal("hello", await failing.ExactlyAsync(5));
            await failing.SendAsync("HTTP/1.1 503 Busy\r\nX-Failed: yes\r\nContent-Length: 4\r\n\r\nbusy");
        }
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        Assert.Equal("hello", await upstream.ExactlyAsync(5));
        await upstream.SendAsync(Ok);

        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("failed", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("ok", await client.ExactlyAsync(2));
        await hub.EventuallyCountsAsync("nodemesh_http_retries_total{route=\"shop/r\"} 2");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_chunked_body_is_sent_again_too()
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        var failing = await hub.UpstreamAsync();
        await failing.UntilAsync("0\r\n\r\n");
        await failing.SendAsync("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");

        var again = await (await hub.UpstreamAsync()).UntilAsync("0\r\n\r\n");

        Assert.EndsWith("5\r\nhello\r\n0\r\n\r\n", again, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task When_no_attempt_is_left_the_last_answer_stands()
    {
        await using var hub = await StartAsync(Retrying(500));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        for (var turn = 0; turn < 4; turn++)
        {
            var upstream = await hub.UpstreamAsync();
            await upstream.HeadAsync();
            await upstream.SendAsync($"HTTP/1.1 500 Broken\r\nX-Turn: {turn}\r\nContent-Length: 0\r\n\r\n");
        }

        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 500 Broken\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-turn: 3", Fields(head));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("POST", "503")]
    [InlineData("GET", "500")]
    public async Task What_is_not_asked_for_is_not_tried_again(string method, string status)
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync($"{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync($"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_body_longer_than_what_is_kept_is_sent_once()
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        const int Length = 200_000;
        await client.SendAsync($"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {Length}\r\n\r\n");
        var sending = client.SendAllAsync(new byte[Length]);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.BytesAsync(Length);
        await sending;
        await upstream.SendAsync("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 Busy\r\n", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_refused_connection_is_tried_again_at_another_endpoint_whatever_the_method()
    {
        await using var hub = await StartAsync(Retrying(503), IPEndPoint.Parse("127.0.0.1:1"));
        for (var turn = 0; turn < 8; turn++)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
            var upstream = await hub.UpstreamAsync();
            await upstream.HeadAsync();
            Assert.Equal("hi", await upstream.ExactlyAsync(2));
            await upstream.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            Assert.StartsWith("HTTP/1.1 200 ", await client.RestAsync(), StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_broken_connection_is_tried_again()
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var broken = await hub.UpstreamAsync();
        await broken.HeadAsync();
        broken.Reset();
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_response_that_has_begun_is_never_tried_again()
    {
        await using var hub = await StartAsync(Retrying(503));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        await client.UntilAsync("half");
        upstream.Reset();

        await client.EndsAsync();
        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_copy_goes_to_the_mirror_and_its_answer_nowhere()
    {
        using var mirror = new Listener();
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo() } }, mirror: mirror.EndPoint);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nx-a: 1\r\nContent-Length: 5\r\n\r\nhello");
        var upstream = await hub.UpstreamAsync();
        var head = await upstream.HeadAsync();
        await upstream.ExactlyAsync(5);
        await upstream.SendAsync(Ok);
        var copy = await mirror.AcceptAsync();

        Assert.Equal(Fields(head), Fields(await copy.HeadAsync()));
        Assert.Equal("hello", await copy.ExactlyAsync(5));
        await copy.SendAsync("HTTP/1.1 500 Never mind\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"answered\"} 1");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_mirror_that_is_not_there_is_not_noticed()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo() } }, mirror: IPEndPoint.Parse("127.0.0.1:1"));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"failed\"} 1");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_mirror_of_no_percent_gets_nothing()
    {
        using var mirror = new Listener();
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo(0) } }, mirror: mirror.EndPoint);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.HeadAsync();

        Assert.DoesNotContain(hub.Dialer.Dials, dial => dial.Endpoint.Equals(mirror.EndPoint));
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
    public async Task A_session_stays_at_the_endpoint_where_it_began()
    {
        using var other = new Listener();
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

    private static BackendPort Port => new() { Service = "shop/web", Port = 80 };

    private static RouteBackend Backend(params RouteFilter[] filters) => new() { Port = Port, Weight = 1, Filters = { filters } };

    private static RouteFilter SetRequest(string name, string value) =>
        new() { RequestHeaders = new HeaderModifier { Set = { new HeaderValue { Name = name, Value = value } } } };

    private static RouteFilter MirrorTo(uint percent = 100) =>
        new() { Mirror = new Mirror { Port = new BackendPort { Service = "shop/mirror", Port = 80 }, Numerator = percent, Denominator = 100 } };

    private static RouteRule Retrying(uint status) => new() { Retry = new RouteRetry { Attempts = 3, Codes = { status }, BackoffMilliseconds = 1 } };

    private static Task<HubFixture> StartAsync(RouteRule rule, IPEndPoint? also = null, IPEndPoint? mirror = null) => StartAsync(new RouteMatch(), rule, also, mirror);

    private static async Task<HubFixture> StartAsync(RouteMatch match, RouteRule rule, IPEndPoint? also = null, IPEndPoint? mirror = null)
    {
        var hub = await HubFixture.StartAsync();
        hub.Declare(also is null ? [hub.Upstream] : [hub.Upstream, also]);
        if (mirror is not null)
        {
            hub.Store.Apply(new SnapshotDelta
            {
                Version = hub.Store.Current.Version + 1,
                Services =
                {
                    new Service
                    {
                        Id = "shop/mirror", Namespace = "shop", Name = "mirror",
                        Ports = { new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = mirror.Address.ToString(), Port = (uint)mirror.Port, Ready = true } } } },
                    },
                },
            });
        }
        Apply(hub, match, rule);
        return hub;
    }

    private static void Apply(HubFixture hub, RouteMatch match, RouteRule rule) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1,
        Routes = { new ServiceRoutes { Service = "shop/web", Tables = { Table("", match, rule) } } },
    });

    // Without a backend of its own a rule goes to the Service itself, unless it answers.
    private static RouteTable Table(string consumer, RouteMatch match, RouteRule rule)
    {
        rule.Route = "shop/r";
        if (rule.Backends.Count == 0 && !rule.Filters.Any(filter => filter.Redirect is not null))
        {
            rule.Backends.Add(Backend());
        }
        return new RouteTable { Port = 80, ConsumerNamespace = consumer, Kind = RouteKind.HttpRoute, Rules = { rule }, Matches = { match } };
    }

    private static async Task AssertAnswerAsync(HubFixture hub, string status, string error)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        AssertError(await client.HeadAsync(), status, error);
    }

    private static void AssertError(string head, string status, string error)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nnodemesh-error: {error}\r\n", head, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Fields(string head) =>
        head.Split("\r\n\r\n")[0].Split("\r\n").Skip(1).Select(line => line.ToLowerInvariant()).Order(StringComparer.Ordinal);

    private static async Task<(Peer Upstream, bool IsOther)> AnyAsync(HubFixture hub, Listener other)
    {
        var one = hub.UpstreamAsync();
        var two = other.AcceptAsync();
        var first = await Task.WhenAny(one, two);
        return (await first, first == two);
    }

    /// <summary>Another upstream.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Listener()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _socket.Listen();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

        public async Task<Peer> AcceptAsync()
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(5));
            return new Peer(await _socket.AcceptAsync(limit.Token));
        }

        public void Dispose() => _socket.Dispose();
    }
}
