using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;
using static NodeMesh.UnitTests.Forwarding.Http.RuledHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Servers that are spoken to in another version of HTTP than their clients speak.</summary>
public sealed class UpstreamProtocolTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_1_reaches_a_server_that_speaks_HTTP_2_alone()
    {
        await using var server = await Http2Server.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol));
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(server.Address);
        Apply(hub, new TrafficRules { Http2 = true });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Contains("HTTP/2", await client.RestAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_of_HTTP_2_reaches_a_server_that_speaks_HTTP_1_alone()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Http1 = true });
        using var client = Http2Client(hub);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://web.shop/a?b") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("x-one", "1");
        request.Content = new StreamContent(new MemoryStream(new byte[100_000]));
        request.Content.Headers.ContentLength = 100_000;
        var answer = client.SendAsync(request, TestContext.Current.CancellationToken);
        var upstream = await hub.UpstreamAsync();
        var head = await upstream.HeadAsync();
        await upstream.ExactlyAsync(100_000);
        await upstream.SendAsync("HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\nConnection: keep-alive\r\nX-Two: 2\r\n\r\n2\r\nok\r\n0\r\nx-sum: 42\r\n\r\n");
        using var response = await answer;

        Assert.StartsWith("POST /a?b HTTP/1.1\r\nHost: web.shop\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-one: 1", Fields(head));
        Assert.Contains("content-length: 100000", Fields(head));
        Assert.Equal((HttpVersion.Version20, HttpStatusCode.Created, "2"), (response.Version, response.StatusCode, response.Headers.GetValues("x-two").Single()));
        Assert.Equal("ok", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("42", response.TrailingHeaders.GetValues("x-sum").Single());
    }

    [Fact(Timeout = 20_000)]
    public async Task Streams_of_one_HTTP_2_connection_have_a_connection_each_and_end_by_themselves()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Http1 = true });
        using var client = Http2Client(hub);
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var one = client.SendAsync(Request("/one"), givenUp.Token);
        var first = await hub.UpstreamAsync();
        Assert.StartsWith("GET /one ", await first.HeadAsync(), StringComparison.Ordinal);
        var two = client.SendAsync(Request("/two"), TestContext.Current.CancellationToken);
        var second = await hub.UpstreamAsync();
        Assert.StartsWith("GET /two ", await second.HeadAsync(), StringComparison.Ordinal);

        await givenUp.CancelAsync();
        await first.EndsAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await second.SendAsync(Ok);

        using var response = await two;
        Assert.Equal("ok", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        static HttpRequestMessage Request(string path) => new(HttpMethod.Get, $"http://web.shop{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }
}
