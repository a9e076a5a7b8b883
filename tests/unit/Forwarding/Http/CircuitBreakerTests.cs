using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;
using static NodeMesh.UnitTests.Forwarding.Http.RuledHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>How many requests, connections and retries a TrafficPolicy and an XBackendTrafficPolicy let be under way.</summary>
public sealed class CircuitBreakerTests
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

    [Theory(Timeout = 60_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task However_many_decide_at_the_same_time_no_more_connections_are_open_than_may_be(bool isRouted)
    {
        const int clients = 8, rounds = 100, limit = 2;
        await using var server = CountingServer.Start();
        await using var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule()) : await HubFixture.StartAsync();
        hub.Declare(server.EndPoint);
        Apply(hub, new TrafficRules { MaxConnections = limit });
        var peers = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => hub.ClientAsync(HubFixture.ClusterIp)));
        var statuses = new ConcurrentDictionary<string, int>();

        for (var round = 0; round < rounds; round++)
        {
            await Task.WhenAll(peers.Select(async peer =>
            {
                await peer.SendAsync(Get);
                var head = await peer.HeadAsync();
                statuses.AddOrUpdate(head[9..12], 1, (_, count) => count + 1);
                await peer.ExactlyAsync(int.Parse(Fields(head).Single(field => field.StartsWith("content-length: ", StringComparison.Ordinal))[16..]));
            }));
        }

        Assert.InRange(server.MostAtATime, 1, limit);
        Assert.Equal(["200", "503"], statuses.Keys.Order());
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
        while (hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints.Any(endpoint => endpoint.Load.Pending != 0))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken); // the request ends a moment after its response is out
        }

        static Task Ok2(HttpContext context)
        {
            context.Response.ContentLength = 2;
            return context.Response.WriteAsync("ok");
        }
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
}
