using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http.Http1;

/// <summary>Where messages end, and what two parties could see differently.</summary>
public sealed class FramingTests
{
    [Theory(Timeout = 20_000)]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6", "hello!")]
    [InlineData("Content-Length: 5, 6", "hello!")]
    [InlineData("Content-Length : 5", "hello")]
    [InlineData("Transfer-Encoding: xchunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked", "0\r\n\r\n")]
    [InlineData("X: a\r\n folded: b", "")]
    [InlineData("X: a\rContent-Length: 5", "")]
    [InlineData("X: a\0", "")]
    public async Task A_request_with_two_ends_goes_nowhere(string lines, string body)
    {
        await using var hub = await HubFixture.StartAsync();
        var client = await hub.ClientAsync();

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}");
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
        Assert.Empty(hub.Dialer.Dials);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("5\r\nhelloX\r\n0\r\n\r\n")]
    [InlineData("0x5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("-5\r\nhello\r\n0\r\n\r\n")]
    public async Task A_request_with_a_bad_chunk_is_not_passed_on_as_whole(string body)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync(body);
        var head = await client.HeadAsync();
        string rest;
        try
        {
            rest = await upstream.RestAsync();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            rest = "";
        }

        Assert.DoesNotContain("0\r\n\r\n", rest, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: protocol_error\r\n", head, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_chunk_larger_than_any_number_ends_both_connections()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync("ffffffffffffffffff\r\n");

        await upstream.EndsAsync();
        await client.EndsAsync();
    }

    [Theory(Timeout = 20_000)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nBad Name: a\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_malformed_response_is_502(string response)
    {
        await using var hub = await HubFixture.StartAsync();

        var head = await hub.ResponseAsync(response);

        Assert.StartsWith("HTTP/1.1 502 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: protocol_error\r\n", head, StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"protocol_error\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_response_with_two_lengths_passes_with_one_and_its_connection_is_not_used_again()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        var head = await client.HeadAsync();
        Assert.Equal("2\r\nhi\r\n0\r\n\r\n", await client.ExactlyAsync(12));
        await upstream.EndsAsync();

        Assert.DoesNotContain("Content-Length", head, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Bytes_behind_a_response_are_nobodys_response()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        await client.HeadAsync();
        await client.ExactlyAsync(2);
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("GET /2 ", await (await hub.UpstreamAsync()).HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_a_server_says_on_an_idle_connection_is_nobodys_response()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        await client.HeadAsync();
        await client.ExactlyAsync(2);
        await upstream.SendAsync("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("GET /2 ", await (await hub.UpstreamAsync()).HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Trailers_pass_both_ways()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, head) = await hub.RequestAsync(
            "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n");
        var body = await upstream.UntilAsync("\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nTrailer: X-Back\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nhi\r\n0\r\nX-Back: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
        var response = await client.HeadAsync();
        var rest = await client.UntilAsync("\r\n\r\n");

        Assert.Contains("\r\nTE: trailers\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: TE\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nTrailer: X-Sum\r\n", head, StringComparison.Ordinal);
        Assert.Equal("3\r\none\r\n0\r\nX-Sum: 1\r\n\r\n", body);
        Assert.Contains("\r\nTrailer: X-Back\r\n", response, StringComparison.Ordinal);
        Assert.Equal("2\r\nhi\r\n0\r\nX-Back: 2\r\n\r\n", rest);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nDate: x\r\nContent-Length: 1234\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nDate: x\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 205 Reset Content\r\nDate: x\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_response_that_only_speaks_of_a_body_has_none(string method, string response)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync($"{method} /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync(response);
        var head = await client.HeadAsync();
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("GET /2 ", await upstream.HeadAsync(), StringComparison.Ordinal);
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith(response[..12], head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_coding_of_the_body_stays_when_it_is_chunked_again()
    {
        await using var hub = await HubFixture.StartAsync();

        var response = await hub.ResponseAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nzz\r\n0\r\n\r\n");

        Assert.Contains("\r\nTransfer-Encoding: gzip, chunked\r\n", response, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n2\r\nzz\r\n0\r\n\r\n", response, StringComparison.Ordinal);
    }
}
