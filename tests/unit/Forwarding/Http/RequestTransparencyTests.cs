using System.Net;
using NodeMesh.Proxy.Accepting;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class RequestTransparencyTests
{
    [Theory(Timeout = 20_000)]
    [InlineData("/")]
    [InlineData("/a%2Fb/%41%7e")]
    [InlineData("//double//slash/")]
    [InlineData("/a/../b/./c")]
    [InlineData("/semi;colon=1|pipe{}^`\\\"<>")]
    [InlineData("/caf%C3%A9?q=%C3%A9&r=%ff")]
    [InlineData("/empty-query?")]
    [InlineData("/q?a=b?c=d&&=&e#f")]
    [InlineData("/?x=http://other.example:1/%2F")]
    [InlineData("/plus+and%20space?+")]
    public async Task The_request_target_arrives_byte_for_byte(string target)
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, _, head) = await hub.RequestAsync($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith($"GET {target} HTTP/1.1\r\n", head, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Nothing_is_added_to_the_header()
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, _, head) = await hub.RequestAsync("GET /x HTTP/1.1\r\nHost: shop.example:8080\r\nX-One: 1\r\n\r\n");

        Assert.Equal("GET /x HTTP/1.1\r\nHost: shop.example:8080\r\nX-One: 1\r\n\r\n", Sorted(head));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("tracestate", "a=b")]
    [InlineData("baggage", "k=v")]
    [InlineData("X-Forwarded-For", "1.2.3.4")]
    [InlineData("Via", "1.1 older")]
    [InlineData("Proxy-Authorization", "Basic eDp5")]
    [InlineData("Upgrade-Insecure-Requests", "1")]
    [InlineData("User-Agent", "odd/(1;;")]
    [InlineData("Accept", ",,broken;q=9")]
    [InlineData("Cookie", "a=b; c=\"d\"")]
    [InlineData("X-Bytes", "caf\u00e9 \u00c3\u00a9 \u00ff")]
    [InlineData("X-Tab", "a\tb")]
    [InlineData("If-Modified-Since", "yesterday")]
    [InlineData("Date", "never")]
    [InlineData("Range", "bytes=0-,5-2")]
    [InlineData("Content-Type", "not/a/type;;")]
    [InlineData("Authorization", "")]
    public async Task A_field_passes_as_it_is(string name, string value)
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, _, head) = await hub.RequestAsync($"GET / HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n");

        Assert.Contains($"\r\n{name}: {value}\r\n", head, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Fields_of_the_connection_do_not_pass()
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, _, head) = await hub.RequestAsync(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-End: 1\r\n\r\n");

        Assert.Equal("GET / HTTP/1.1\r\nHost: a\r\nX-End: 1\r\n\r\n", Sorted(head));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_1_0_without_Host_is_served_with_the_address_it_dialled()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, head) = await hub.RequestAsync("GET /old HTTP/1.0\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        var response = await client.RestAsync();

        Assert.Equal($"GET /old HTTP/1.1\r\nHost: {hub.Upstream}\r\n\r\n", head);
        Assert.EndsWith("\r\n\r\nhi", response, StringComparison.Ordinal);
        Assert.DoesNotContain("chunked", response, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_1_0_may_keep_its_connection()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        var first = await client.HeadAsync();
        await client.ExactlyAsync(1);
        await client.SendAsync("GET /2 HTTP/1.0\r\nHost: a\r\n\r\n");
        var second = await upstream.HeadAsync();

        Assert.Contains("Connection: keep-alive\r\n", first, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("GET /2 ", second, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, first) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
        var second = await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
        var responses = await client.RestAsync();

        Assert.StartsWith("GET /1 ", first, StringComparison.Ordinal);
        Assert.StartsWith("GET /2 ", second, StringComparison.Ordinal);
        Assert.True(responses.IndexOf("one", StringComparison.Ordinal) < responses.IndexOf("two", StringComparison.Ordinal));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("PROPFIND")]
    [InlineData("X-UNHEARD-OF")]
    public async Task A_method_passes_and_no_body_appears(string method)
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, _, head) = await hub.RequestAsync($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n");

        // Said or not, a request without Transfer-Encoding has a body of length 0 (RFC 9112 section 6.3).
        Assert.Equal($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n", head.Replace("Content-Length: 0\r\n", "", StringComparison.Ordinal));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_body_of_known_length_keeps_it()
    {
        await using var hub = await HubFixture.StartAsync();

        var (_, upstream, head) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/x\r\nContent-Length: 5\r\n\r\nhello");

        Assert.Equal("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Type: text/x\r\nHost: a\r\n\r\n", Sorted(head));
        Assert.Equal("hello", await upstream.ExactlyAsync(5));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_chunked_body_flows_as_it_comes()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, head) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync("3\r\none\r\n");
        var first = await upstream.UntilAsync("one\r\n");
        await client.SendAsync("3\r\ntwo\r\n");
        var second = await upstream.UntilAsync("two\r\n");
        await client.SendAsync("0\r\n\r\n");
        var end = await upstream.ExactlyAsync(5);

        Assert.Contains("Transfer-Encoding: chunked\r\n", head, StringComparison.Ordinal);
        Assert.Equal(("3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"), (first, second, end));
    }

    [Fact(Timeout = 20_000)]
    public async Task Expect_100_continue_is_the_upstreams_to_answer()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, head) = await hub.RequestAsync("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.HeadAsync());
        await client.SendAsync("body");

        Assert.Contains("Expect: 100-continue\r\n", head, StringComparison.Ordinal);
        Assert.Equal("body", await upstream.ExactlyAsync(4));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_refused_expectation_reaches_the_client_without_its_body()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 417 Expectation Failed\r\n", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_large_body_arrives_whole()
    {
        await using var hub = await HubFixture.StartAsync();
        const int length = 50_000_000;

        var (client, upstream, _) = await hub.RequestAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        var sending = client.SendAllAsync(bytes);
        var received = await upstream.BytesAsync(length);
        await sending;

        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }

    [Fact(Timeout = 20_000)]
    public async Task An_inbound_client_is_who_the_app_sees_and_shares_no_connection_with_another()
    {
        await using var hub = await HubFixture.StartAsync();
        foreach (var (address, isKnown) in new[] { ("192.0.2.1", false), ("192.0.2.2", false), ("192.0.2.1", true) })
        {
            var client = await hub.ClientAsync(hub.Upstream, Direction.Inbound, client: new IPEndPoint(IPAddress.Parse(address), 1234));
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            if (!isKnown)
            {
                var upstream = await hub.UpstreamAsync();
                _ = AnswerAsync(upstream);
            }
            await client.HeadAsync();
        }

        Assert.Equal(
            [(Direction.Inbound, IPAddress.Parse("192.0.2.1"), hub.Upstream), (Direction.Inbound, IPAddress.Parse("192.0.2.2"), hub.Upstream)],
            hub.Dialer.Dials);

        static async Task AnswerAsync(Peer upstream)
        {
            while (true)
            {
                await upstream.HeadAsync();
                await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        }
    }

    // The order of fields with different names means nothing (RFC 9110 section 5.3).
    private static string Sorted(string head)
    {
        var lines = head[..^4].Split("\r\n");
        return lines[0] + "\r\n" + string.Concat(lines.Skip(1).Order(StringComparer.Ordinal).Select(line => line + "\r\n")) + "\r\n";
    }
}
