using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Requests that are sent to a second endpoint because their answer is late.</summary>
public sealed class HedgingTests : IDisposable
{
    private readonly UpstreamListener _other = new();

    public void Dispose() => _other.Dispose();

    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_answers_for_a_first_that_is_late_and_is_let_go(bool isRouted)
    {
        await using var hub = await StartAsync(isRouted);
        var (client, late, second, copy) = await HedgedAsync(hub);
        Assert.Equal("GET / HTTP/1.1\r\nHost: web.shop\r\n\r\n", copy);
        await second.SendAsync("HTTP/1.1 200 OK\r\nX-Second: yes\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");

        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-second: yes", Fields(head));
        Assert.Equal("ok", await client.ExactlyAsync(2));
        await late.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_http_hedged_total{service=\"shop/web\",result=\"won\"} 1");
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"2xx\"", "reason=\"\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task The_first_counts_when_its_head_comes_first_and_the_second_is_let_go()
    {
        await using var hub = await StartAsync(false);
        var (client, first, second, _) = await HedgedAsync(hub);
        await second.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot whole");
        await first.SendAsync(Ok);

        await client.HeadAsync();
        Assert.Equal("ok", await client.ExactlyAsync(2));
        await second.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_http_hedged_total{service=\"shop/web\",result=\"lost\"} 1");
    }

    [Theory(Timeout = 20_000)]
    [InlineData("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("")]
    public async Task A_failure_of_the_second_is_nobodys(string answer)
    {
        await using var hub = await StartAsync(false);
        var (client, first, second, _) = await HedgedAsync(hub);
        await second.SendAsync(answer);
        second.Dispose();
        await Task.Delay(100, TestContext.Current.CancellationToken);
        await first.SendAsync(Ok);

        Assert.StartsWith("HTTP/1.1 200 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("ok", await client.ExactlyAsync(2));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    public async Task What_may_change_something_is_sent_once(string request)
    {
        await using var hub = await StartAsync(false);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(request);
        var (first, _) = await FirstAsync(hub);
        await first.HeadAsync();
        await Task.Delay(300, TestContext.Current.CancellationToken);
        await first.SendAsync(Ok);

        await client.HeadAsync();
        Assert.Single(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task No_more_than_the_stated_share_is_hedged()
    {
        await using var hub = await StartAsync(false);
        for (var turn = 0; turn < 2; turn++)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync(Get);
        }

        await hub.EventuallyCountsAsync("nodemesh_http_hedged_total{service=\"shop/web\",result=\"refused\"} 1");
        while (hub.Dialer.Dials.Count < 3)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken); // the one that was not refused is about to dial
        }
    }

    // A request that has gone to both; Copy is the head that the second got.
    private async Task<(Peer Client, Peer First, Peer Second, string Copy)> HedgedAsync(HubFixture hub)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var (first, after) = await FirstAsync(hub);
        await first.HeadAsync();
        var second = await after;
        return (client, first, second, await second.HeadAsync());
    }

    private async Task<(Peer First, Task<Peer> Second)> FirstAsync(HubFixture hub)
    {
        var (one, two) = (hub.UpstreamAsync(), _other.AcceptAsync());
        var first = await Task.WhenAny(one, two);
        return (await first, first == one ? two : one);
    }

    private async Task<HubFixture> StartAsync(bool isRouted)
    {
        var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule(), _other.EndPoint) : await HubFixture.StartAsync();
        if (!isRouted)
        {
            hub.Declare(hub.Upstream, _other.EndPoint);
        }
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Policies = { new ScopedPolicies { Scope = "shop/web", Traffic = new TrafficRules { Hedging = new HedgingRules { DelayMilliseconds = 50, Percent = 10 } } } },
        });
        return hub;
    }
}
