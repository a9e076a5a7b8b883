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
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { IdleMilliseconds = 100 } });
        var silent = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        AssertError(await silent.HeadAsync(), "504", "timeout_idle");
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
                    Backend = new BackendRules { RetryBudget = new RetryBudget { IntervalMilliseconds = 10_000, MinRetries = 1, MinIntervalMilliseconds = 3_600_000 } },
                },
            },
        });
        var client = await RequestAsync(hub);
        for (var turn = 0; turn < 2; turn++)
        {
            await FailAsync(await hub.UpstreamAsync(), "500 Broken");
        }

        AssertError(await client.HeadAsync(), "503", "retry_budget");
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
