using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http.Http1;

public sealed class KeptConnectionTests
{
    [Theory(Timeout = 20_000)]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("PUT", "Content-Length: 0\r\n")]
    public async Task An_idempotent_request_that_met_the_servers_close_is_sent_again(string method, string lines)
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream) = await KeptAsync(hub);

        await client.SendAsync($"{method} /2 HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        await upstream.HeadAsync();
        upstream.Dispose();
        var again = await hub.UpstreamAsync();
        Assert.StartsWith($"{method} /2 ", await again.HeadAsync(), StringComparison.Ordinal);
        await again.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData("PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "")]
    [InlineData("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 2")]
    public async Task A_request_that_may_have_been_carried_out_is_not_sent_again(string request, string answer)
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream) = await KeptAsync(hub);

        await client.SendAsync(request);
        await upstream.HeadAsync();
        await upstream.SendAsync(answer);
        upstream.Dispose();
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 502 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: upstream_reset\r\n", head, StringComparison.Ordinal);
        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_is_sent_again_only_once_when_the_server_closes_every_connection()
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream) = await KeptAsync(hub);

        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.HeadAsync();
        upstream.Dispose();
        var again = await hub.UpstreamAsync();
        await again.HeadAsync();
        again.Dispose();

        Assert.StartsWith("HTTP/1.1 502 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal(2, hub.Dialer.Dials.Count);
    }

    [Fact(Timeout = 20_000)]
    public async Task Requests_follow_each_other_on_one_connection()
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream) = await KeptAsync(hub);

        for (var number = 0; number < 50; number++)
        {
            await client.SendAsync($"POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
            Assert.StartsWith($"POST /{number} ", await upstream.HeadAsync(), StringComparison.Ordinal);
            Assert.Equal("abc", await upstream.ExactlyAsync(3));
            await upstream.SendAsync($"HTTP/1.1 200 OK\r\nX-Number: {number}\r\nContent-Length: 2\r\n\r\nhi");
            Assert.Contains($"\r\nX-Number: {number}\r\n", await client.HeadAsync(), StringComparison.Ordinal);
            Assert.Equal("hi", await client.ExactlyAsync(2));
        }
        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_large_response_arrives_whole_in_either_framing()
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream) = await KeptAsync(hub);
        var body = new byte[5_000_000];
        new Random(3).NextBytes(body);

        await client.SendAsync("GET /declared HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.HeadAsync();
        await upstream.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n");
        var sending = upstream.SendAllAsync(body);
        await client.HeadAsync();
        var declared = await client.BytesAsync(body.Length);
        await sending;
        await client.SendAsync("GET /chunked HTTP/1.0\r\nHost: a\r\n\r\n");
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        sending = SendChunksAsync();
        await client.HeadAsync();
        var chunked = await client.BytesAsync(body.Length);
        await sending;

        Assert.True(body.AsSpan().SequenceEqual(declared));
        Assert.True(body.AsSpan().SequenceEqual(chunked));

        async Task SendChunksAsync()
        {
            for (var start = 0; start < body.Length; start += 50_000)
            {
                await upstream.SendAsync("c350\r\n");
                await upstream.SendAllAsync(body.AsMemory(start, 50_000));
                await upstream.SendAsync("\r\n");
            }
            await upstream.SendAsync("0\r\n\r\n");
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_pod_that_goes_closes_its_kept_connections()
    {
        await using var hub = await HubFixture.StartAsync();
        var (_, upstream) = await KeptAsync(hub);

        hub.Pod.Close();

        await upstream.EndsAsync();
    }

    // A client and an upstream that have exchanged one request.
    private static async Task<(Peer Client, Peer Upstream)> KeptAsync(HubFixture hub)
    {
        var (client, upstream, _) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await client.HeadAsync();
        return (client, upstream);
    }
}
