using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>An HTTP/1.1 client that shuts its side for writing when it has said all, and waits for the answer.</summary>
public sealed class HalfCloseTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    [Theory(Timeout = 20_000)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n")]
    public async Task The_upstream_hears_of_it_behind_the_request_and_the_answer_comes_back_whole(string request, string body)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync(request);
        client.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(body, await upstream.RestAsync());
        await upstream.SendAsync(Answer + "wh");
        await client.UntilAsync("wh");
        await upstream.SendAsync("ole");
        Assert.Equal("ole", await client.RestAsync());
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"2xx\"", "reason=\"\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task The_upstream_hears_of_one_that_came_while_the_connection_was_looked_at()
    {
        await using var hub = await HubFixture.StartAsync();

        var client = await hub.ClientThatHasEndedAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();

        Assert.Equal("", await upstream.RestAsync());
        await upstream.SendAsync(Answer + "whole");
        Assert.EndsWith("whole", await client.RestAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task All_requests_before_it_are_answered()
    {
        await using var hub = await HubFixture.StartAsync();
        var client = await hub.ClientAsync();

        await client.SendAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Socket.Shutdown(SocketShutdown.Send);
        foreach (var path in new[] { "/1", "/2" })
        {
            var upstream = await hub.UpstreamAsync();
            Assert.StartsWith($"GET {path} ", await upstream.HeadAsync(), StringComparison.Ordinal);
            await upstream.EndsAsync();
            await upstream.SendAsync($"{Answer}{path}///");
        }

        var answers = await client.RestAsync();
        Assert.Contains("/1///HTTP/1.1 200 OK", answers, StringComparison.Ordinal);
        Assert.EndsWith("/2///", answers, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task An_upstream_that_takes_it_for_the_end_has_not_failed()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Socket.Shutdown(SocketShutdown.Send);
        await upstream.EndsAsync();
        upstream.Dispose();

        await client.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"0\"", "reason=\"downstream_reset\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_that_is_gone_after_all_is_not_waited_for()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Socket.Shutdown(SocketShutdown.Send);
        await upstream.EndsAsync();
        client.Reset();

        // No answer ever comes.
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"0\"", "reason=\"downstream_reset\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task In_a_tunnel_it_follows_the_last_byte_and_the_other_way_goes_on()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
        await client.HeadAsync();
        await client.SendAsync("good bye");
        client.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal("good bye", await upstream.RestAsync());
        await upstream.SendAsync("you too");
        await client.UntilAsync("you too");
        upstream.Dispose();
        await client.EndsAsync();
    }
}
