using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http.Http1;

public sealed class InterimResponseTests
{
    [Fact(Timeout = 20_000)]
    public async Task Interim_responses_pass_at_once_and_as_they_are()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n");
        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n", await client.HeadAsync());
        await upstream.SendAsync("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");

        Assert.Equal("HTTP/1.1 102 Processing\r\n\r\n", await client.HeadAsync());
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("hi", await client.ExactlyAsync(2));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_1_0_is_spared_interim_responses()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.0\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.RestAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_switch_of_protocols_that_nobody_asked_for_is_502()
    {
        await using var hub = await HubFixture.StartAsync();

        var response = await hub.ResponseAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 502 ", response, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: protocol_error\r\n", response, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_body_is_sent_to_a_server_that_does_not_know_100_continue()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        await client.SendAsync("body"); // its patience is over
        Assert.Equal("body", await upstream.ExactlyAsync(4));
        await upstream.SendAsync("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

        Assert.Contains("HTTP/1.1 201 Created\r\n", await client.UntilAsync(" Created\r\n"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task No_100_continue_reaches_the_client_before_the_server_says_so()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 103 Early Hints\r\n\r\n");
        Assert.Equal("HTTP/1.1 103 Early Hints\r\n\r\n", await client.HeadAsync());
        await upstream.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.HeadAsync());
        await client.SendAsync("body");
        Assert.Equal("body", await upstream.ExactlyAsync(4));
        await upstream.SendAsync("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 201 Created\r\n", await client.HeadAsync(), StringComparison.Ordinal);
    }
}
