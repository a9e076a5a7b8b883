using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>HTTP/1.1 connections that are without a request for so long that only their socket is kept.</summary>
public sealed class RestTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);

    // Kestrel looks each second.
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(3);

    [Fact(Timeout = 30_000)]
    public async Task One_that_rests_takes_the_next_request_as_if_nothing_had_been()
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var client = await RestingAsync(hub);

        for (var turn = 1; turn <= 2; turn++)
        {
            await client.SendAsync($"POST /{turn} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
            var upstream = await hub.UpstreamAsync();
            Assert.StartsWith($"POST /{turn} ", await upstream.HeadAsync(), StringComparison.Ordinal);
            await upstream.UntilAsync("body");
            await upstream.SendAsync(Answer);
            await client.UntilAsync("ok");
            await RestsAsync(hub, upstream);
        }
        await hub.EventuallyCountsAsync("nodemesh_tcp_connections_open", "protocol=\"http1\"", "} 1");
        client.Dispose();

        await hub.EventuallyCountsAsync("nodemesh_tcp_connections_closed_total", "reason=\"\"", "} 1");
        await hub.EventuallyCountsAsync("nodemesh_tcp_connections_opened_total", "} 1");
        Assert.Equal(0, hub.Hub.Resting);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("", "GET /se", "cond HTTP/1.1\r\nHost: a\r\n\r\n", "GET /second ", "")]
    [InlineData("", "GET /second HTTP/1.1\r\n", "Host: a\r\n\r\n", "GET /second ", "")]
    [InlineData("", "POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc", "def", "POST /second ", "abcdef")]
    [InlineData("GET /second HTTP/1.1\r\n", "", "Host: a\r\n\r\n", "GET /second ", "")]
    [InlineData("GET /second HTTP/1.1\r\nHost: a\r\n\r\n", "", "", "GET /second ", "")]
    public async Task One_with_a_part_of_a_request_does_not_rest(string withFirst, string part, string rest, string head, string body)
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var (client, upstream) = await AnsweredAsync(hub, withFirst);

        await client.SendAsync(part);
        await Task.Delay(LongEnough, TestContext.Current.CancellationToken);
        Assert.Equal(0, hub.Hub.Resting);
        var isNew = !(withFirst + part).EndsWith("\r\n\r\n", StringComparison.Ordinal) && body.Length == 0;
        if (isNew)
        {
            await upstream.EndsAsync(); // it was kept for a second
        }
        await client.SendAsync(rest);

        if (isNew)
        {
            upstream = await hub.UpstreamAsync();
        }
        Assert.StartsWith(head, await upstream.HeadAsync(), StringComparison.Ordinal);
        if (body.Length > 0)
        {
            await upstream.UntilAsync(body);
        }
        await upstream.SendAsync(Answer);
        await client.UntilAsync("ok");
    }

    [Fact(Timeout = 30_000)]
    public async Task What_comes_at_the_very_moment_is_not_lost()
    {
        await using var hub = await HubFixture.StartAsync(TimeSpan.FromMilliseconds(1));
        var (client, upstream) = await AnsweredAsync(hub);

        // Round Kestrel's tick of each second, closer and closer.
        for (var turn = 0; turn < 60; turn++)
        {
            await Task.Delay(60 + turn, TestContext.Current.CancellationToken);
            await client.SendAsync($"GET /{turn} HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith($"GET /{turn} ", await upstream.HeadAsync(), StringComparison.Ordinal);
            await upstream.SendAsync(Answer);
            await client.UntilAsync("ok");
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task The_end_of_one_that_rests_is_the_end()
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var client = await RestingAsync(hub);

        client.Socket.Shutdown(SocketShutdown.Send);

        await client.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_tcp_connections_closed_total", "reason=\"\"", "} 1");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_request_with_FIN_behind_it_wakes_one_and_is_answered()
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var client = await RestingAsync(hub);

        await client.SendAsync("GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Socket.Shutdown(SocketShutdown.Send);

        var upstream = await hub.UpstreamAsync();
        Assert.StartsWith("GET /last ", await upstream.HeadAsync(), StringComparison.Ordinal);
        await upstream.EndsAsync();
        await upstream.SendAsync(Answer);
        Assert.EndsWith("ok", await client.RestAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_drain_closes_them()
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var drained = await RestingAsync(hub);
        await hub.Hub.DrainAsync(hub.Pod, TestContext.Current.CancellationToken);
        await drained.EndsAsync();
        Assert.Equal(0, hub.Pod.OpenConnections);
    }

    [Fact(Timeout = 30_000)]
    public async Task One_of_a_pod_that_goes_is_reset()
    {
        await using var hub = await HubFixture.StartAsync(Soon);
        var client = await RestingAsync(hub);

        hub.Pod.Close();

        await client.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_tcp_connections_closed_total", "reason=\"pod_gone\"", "} 1");
        Assert.Equal(0, hub.Pod.OpenConnections);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_hub_that_stops_closes_them()
    {
        var hub = await HubFixture.StartAsync(Soon);
        var client = await RestingAsync(hub);

        await hub.Hub.StopAsync(TestContext.Current.CancellationToken);

        await client.EndsAsync();
        await hub.DisposeAsync();
    }

    private static async Task<(Peer Client, Peer Upstream)> AnsweredAsync(HubFixture hub, string more = "")
    {
        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + more);
        await upstream.SendAsync(Answer);
        await client.UntilAsync("ok");
        return (client, upstream);
    }

    private static async Task<Peer> RestingAsync(HubFixture hub)
    {
        var (client, upstream) = await AnsweredAsync(hub);
        await RestsAsync(hub, upstream);
        return client;
    }

    // The upstream's connection is kept for a second: the next request has one of its own.
    private static async Task RestsAsync(HubFixture hub, Peer upstream)
    {
        for (var turn = 0; hub.Hub.Resting == 0; turn++)
        {
            Assert.True(turn < 300, "it does not rest");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        await upstream.EndsAsync();
    }
}
