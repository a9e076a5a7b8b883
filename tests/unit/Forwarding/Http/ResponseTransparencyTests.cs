using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class ResponseTransparencyTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_response_passes_with_nothing_added()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 Sure Thing\r\nServer: old/1\r\nDate: then\r\nContent-Length: 2\r\n\r\nhi");

        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 200 Sure Thing\r\n", head, StringComparison.Ordinal);
        Assert.Equal(["Content-Length: 2", "Date: then", "Server: old/1"], head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Order(StringComparer.Ordinal));
        Assert.Equal("hi", await client.ExactlyAsync(2));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nSet-Cookie: b=2")]
    [InlineData("WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Negotiate")]
    [InlineData("X-Bytes: caf\u00e9 \u00c3\u00a9 \u00ff")]
    [InlineData("X-Empty: ")]
    [InlineData("Last-Modified: yesterday")]
    [InlineData("Expires: -1")]
    [InlineData("Content-Type: odd;;")]
    [InlineData("Content-Encoding: gzip")]
    [InlineData("Location: ../x y")]
    [InlineData("Via: 1.1 other")]
    [InlineData("Alt-Svc: h3=\":443\"")]
    [InlineData("traceresponse: 00-a-b-01")]
    public async Task A_field_passes_as_it_is(string fields)
    {
        await using var hub = await HubFixture.StartAsync();

        var response = await hub.ResponseAsync($"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: 0\r\n\r\n");

        foreach (var field in fields.Split("\r\n"))
        {
            Assert.Contains($"\r\n{field}\r\n", response, StringComparison.Ordinal);
        }
    }

    [Theory(Timeout = 20_000)]
    [InlineData(201)]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(418)]
    [InlineData(503)]
    [InlineData(599)]
    public async Task A_status_passes(int status)
    {
        await using var hub = await HubFixture.StartAsync();

        var response = await hub.ResponseAsync($"HTTP/1.1 {status} Odd\r\nLocation: /x\r\nContent-Length: 3\r\n\r\nabc");

        Assert.StartsWith($"HTTP/1.1 {status} Odd\r\n", response, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nabc", response, StringComparison.Ordinal);
        Assert.DoesNotContain("nodemesh-error", response, StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nDate: x\r\nX-A: 1\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nDate: x\r\nETag: \"1\"\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nDate: x\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nDate: x\r\n\r\n")]
    public async Task A_response_without_a_body_ends_with_its_head(string method, string response)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync($"{method} /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync(response);
        var head = await client.HeadAsync();
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        var second = await upstream.HeadAsync();

        Assert.Equal(Lines(response), Lines(head));
        Assert.StartsWith("GET /2 ", second, StringComparison.Ordinal);

        static IEnumerable<string> Lines(string head) => head.Split("\r\n").Order(StringComparer.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_head_does_not_wait_for_the_body()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        for (var number = 0; number < 3; number++)
        {
            await upstream.SendAsync($"8\r\ndata: {number}\n\r\n");
            Assert.EndsWith($"data: {number}\n\r\n", await client.UntilAsync($"{number}\n\r\n"), StringComparison.Ordinal);
        }
        await upstream.SendAsync("0\r\n\r\n");
        Assert.Equal("0\r\n\r\n", await client.ExactlyAsync(5));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_body_that_ends_with_its_connection_arrives_whole()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await upstream.SendAsync("HTTP/1.0 200 OK\r\n\r\nall of it");
        upstream.Dispose();
        var response = await client.RestAsync();

        Assert.Contains("all of it", response, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\n\r\n", response, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task An_answer_before_the_request_is_whole_reaches_the_client_at_once()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        await upstream.ExactlyAsync(3);
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
        await client.HeadAsync();
        Assert.Equal("early", await client.ExactlyAsync(5));
        await client.SendAsync("def");
        Assert.Equal("def", await upstream.ExactlyAsync(3));
    }

    [Fact(Timeout = 20_000)]
    public async Task An_answer_before_the_request_is_whole_reaches_the_client_though_the_upstream_closes()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
        await upstream.ExactlyAsync(3);
        await upstream.SendAsync("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge");
        upstream.Dispose();

        Assert.StartsWith("HTTP/1.1 413 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("large", await client.ExactlyAsync(5));
    }

    [Fact(Timeout = 20_000)]
    public async Task Both_directions_flow_at_once()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.HeadAsync();
        for (var turn = 0; turn < 3; turn++)
        {
            await client.SendAsync($"1\r\n{turn}\r\n");
            Assert.Equal($"1\r\n{turn}\r\n", await upstream.ExactlyAsync(6));
            await upstream.SendAsync($"1\r\n{turn}\r\n");
            Assert.Equal($"1\r\n{turn}\r\n", await client.ExactlyAsync(6));
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task An_upgraded_connection_is_a_tunnel()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, head) = await hub.RequestAsync(
            "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nfirst");
        var response = await client.HeadAsync();
        Assert.Equal("first", await client.ExactlyAsync(5));
        await client.SendAsync("\u0081\u0000\u00ff");
        Assert.Equal("\u0081\u0000\u00ff", await upstream.ExactlyAsync(3));
        client.Dispose();

        Assert.Contains("Connection: keep-alive, Upgrade\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Upgrade: websocket\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 Switching Protocols\r\n", response, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", response, StringComparison.Ordinal);
        await upstream.EndsAsync();
    }

    [Fact(Timeout = 20_000)]
    public async Task A_refused_upgrade_is_a_plain_response()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("no", await client.ExactlyAsync(2));
    }
}
