using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.UnitTests.Forwarding;
using NodeMesh.UnitTests.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

/// <summary>What is kept of a request that somebody wants to know of.</summary>
public class TrafficRecordTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact(Timeout = 20_000)]
    public async Task A_request_is_recorded_with_both_its_bodies()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        RecordedTraffic.Ask(hub.Store);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("POST /a/b?c=d HTTP/1.1\r\nHost: web.shop\r\nUser-Agent: test/1\r\nX-Request-Id: r-1\r\nContent-Length: 3\r\n\r\nabc");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.HeadAsync();

        var record = await hub.Told.SingleAsync();

        Assert.Equal(("POST", "/a/b", "c=d", "web.shop", "test/1", "r-1"), (record.Method, record.Path, record.Query, record.Authority, record.UserAgent, record.RequestId));
        Assert.Equal((200, Reason.None, 1, 3, 5), (record.Status, record.Reason, record.Attempts, record.BytesReceived, record.BytesSent));
        Assert.Equal((HubFixture.ClusterIp, hub.Upstream, "shop/web"), (record.Dialled, record.Endpoint, record.Service));
        Assert.True(record.TimeToFirstByte > TimeSpan.Zero && record.TimeToFirstByte <= record.Duration, $"{record.TimeToFirstByte} of {record.Duration}");
        Assert.False(record.IsError);
    }

    [Fact(Timeout = 20_000)]
    public async Task The_header_fields_that_are_asked_for_are_kept_as_they_came_and_as_the_client_gets_them()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule
        {
            Filters =
            {
                RoutedHub.SetRequest("x-user", "changed"),
                new RouteFilter { ResponseHeaders = new HeaderModifier { Set = { new HeaderValue { Name = "x-cache", Value = "changed" } } } },
            },
        });
        RecordedTraffic.Ask(hub.Store, new AccessLogRules { PerMillion = 1_000_000, RequestHeaders = { "x-user", "x-none", "host" }, ResponseHeaders = { "x-cache", "x-none" } });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: web.shop\r\nX-User: ann\r\nX-User: bob\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nX-Cache: hit\r\nContent-Length: 2\r\n\r\nok");
        await client.UntilAsync("ok");

        var record = await hub.Told.SingleAsync();

        Assert.Equal(["ann,bob", null, "web.shop"], record.RequestHeaders!);
        Assert.Equal(["changed", null], record.ResponseHeaders!);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_connection_has_a_record_for_each_request()
    {
        await using var hub = await HubFixture.StartAsync();
        RecordedTraffic.Ask(hub.Store);
        var client = await hub.ClientAsync();
        await client.SendAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.UntilAsync("hello");
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.UntilAsync("hello");

        for (var turn = 0; hub.Told.Records.Count < 2 && turn < 250; turn++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        Assert.Equal([("/1", 5L), ("/2", 5L)], hub.Told.Records.Select(record => (record.Path!, record.BytesSent)));
    }

    [Fact(Timeout = 20_000)]
    public async Task Retries_are_attempts_of_one_request()
    {
        await using var hub = await RoutedHub.StartAsync(RoutedHub.Retrying(503));
        RecordedTraffic.Ask(hub.Store);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(RoutedHub.Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(RoutedHub.Ok);
        await client.UntilAsync("ok");

        var record = await hub.Told.SingleAsync();
        Assert.Equal((200, 2, "shop/r", 2), (record.Status, record.Attempts, record.Route, record.BytesSent));
    }

    [Fact(Timeout = 20_000)]
    public async Task It_says_which_policy_refused()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule { Name = "first" });
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Policies =
            {
                new ScopedPolicies
                {
                    Scope = "HTTPRoute/shop/r",
                    Authorizations = { new NodeMesh.Contract.Authorization { Policy = "shop/p", Action = AuthorizationAction.Deny, Rules = { new AuthorizationRule() } } },
                },
            },
        });
        RecordedTraffic.Ask(hub.Store);
        await RoutedHub.AssertAnswerAsync(hub, "403", "denied");

        var record = await hub.Told.SingleAsync();
        Assert.Equal((403, Reason.Denied, "AuthorizationPolicy/shop/p", 0, "first"), (record.Status, record.Reason, record.Policy, record.Attempts, record.Rule));
        Assert.True(record.IsError);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("", "", true)]
    [InlineData("", "shop", true)]
    [InlineData("shop/web", "shop", false)]
    [InlineData("shop/web:80", "shop/web", false)]
    [InlineData("shop/other", "shop/web:81", true)]
    public async Task The_most_specific_policy_alone_counts(string none, string all, bool isLogged)
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Policies =
            {
                new ScopedPolicies { Scope = "", AccessLog = new AccessLogRules { PerMillion = 1_000_000 } },
                new ScopedPolicies { Scope = all, AccessLog = new AccessLogRules { PerMillion = 1_000_000 } },
            },
        });
        if (none.Length > 0)
        {
            hub.Store.Apply(new SnapshotDelta
            {
                Version = hub.Store.Current.Version + 1, Policies = { new ScopedPolicies { Scope = none, AccessLog = new AccessLogRules { PerMillion = 0 } } },
            });
        }
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.UntilAsync("hello");
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"2xx\"");
        await Task.Delay(50, TestContext.Current.CancellationToken);

        Assert.Equal(isLogged ? 1 : 0, hub.Told.Records.Count);
    }

    [Theory]
    [InlineData(0, false, new[] { "5xx" }, 503, true)]
    [InlineData(0, false, new[] { "5xx" }, 404, false)]
    [InlineData(0, false, new[] { "404", "5xx" }, 404, true)]
    [InlineData(0, true, new string[0], 404, false)]
    [InlineData(0, true, new string[0], 500, true)]
    [InlineData(60_000, false, new string[0], 500, false)]
    public void A_filter_lets_through_what_meets_all_of_it(uint milliseconds, bool errorsOnly, string[] statuses, int status, bool passes)
    {
        var rules = new AccessLogRules { PerMillion = 1_000_000, MinDurationMilliseconds = milliseconds, ErrorsOnly = errorsOnly };
        rules.Statuses.AddRange(statuses.Select(text => text == "5xx" ? new StatusRange { First = 500, Last = 599 } : new StatusRange { First = 404, Last = 404 }));
        var record = new TrafficRecord(
            new RecordedTraffic().Observer(new NodeMesh.Proxy.Discovery.SnapshotStore(TimeProvider.System)),
            new NodeMesh.Proxy.Routing.ConnectionRoute(null, null, null, IsClusterIp: false) { Declared = Protocol.Http }, new IPEndPoint(1, 1), new IPEndPoint(2, 2), TimeProvider.System);
        record.Ended(TrafficDirection.Local, status, null, Reason.None);

        Assert.Equal(passes, new NodeMesh.Proxy.Telemetry.AccessLogs.AccessLogEntry(rules).Wants(record, new Random(1)));
    }
}
