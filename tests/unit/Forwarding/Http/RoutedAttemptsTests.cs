using System.Net;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Timeouts and retries of routes, byte by byte.</summary>
public sealed class RoutedAttemptsTests
{
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
            Timeouts = new RouteTimeouts { RequestMilliseconds = 2000, BackendRequestMilliseconds = 40 },
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
}
