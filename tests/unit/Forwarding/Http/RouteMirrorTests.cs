using System.Net;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Copies that a route has made.</summary>
public sealed class RouteMirrorTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_copy_goes_to_the_mirror_and_its_answer_nowhere()
    {
        using var mirror = new UpstreamListener();
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo() } }, mirror: mirror.EndPoint);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nx-a: 1\r\nContent-Length: 5\r\n\r\nhello");
        var upstream = await hub.UpstreamAsync();
        var head = await upstream.HeadAsync();
        await upstream.ExactlyAsync(5);
        await upstream.SendAsync(Ok);
        var copy = await mirror.AcceptAsync();

        Assert.Equal(Fields(head), Fields(await copy.HeadAsync()));
        Assert.Equal("hello", await copy.ExactlyAsync(5));
        await copy.SendAsync("HTTP/1.1 500 Never mind\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"answered\"} 1");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_mirror_that_is_not_there_is_not_noticed()
    {
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo() } }, mirror: IPEndPoint.Parse("127.0.0.1:1"));
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"failed\"} 1");
    }

    [Fact(Timeout = 20_000)]
    public async Task Each_of_several_mirrors_gets_a_copy_and_may_answer_as_it_likes()
    {
        using var mirror = new UpstreamListener();
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo(), MirrorTo() } }, mirror: mirror.EndPoint);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        foreach (var copy in new[] { await mirror.AcceptAsync(), await mirror.AcceptAsync() })
        {
            await copy.HeadAsync();
            await copy.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        }

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("ok", await client.ExactlyAsync(2));
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"answered\"} 2");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_mirror_of_no_percent_gets_nothing()
    {
        using var mirror = new UpstreamListener();
        await using var hub = await StartAsync(new RouteRule { Filters = { MirrorTo(0) } }, mirror: mirror.EndPoint);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.HeadAsync();

        Assert.DoesNotContain(hub.Dialer.Dials, dial => dial.Endpoint.Equals(mirror.EndPoint));
    }
}
