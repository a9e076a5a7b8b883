using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.UnitTests.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

public class TapTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory(Timeout = 20_000)]
    [InlineData("service", true)]
    [InlineData("pod", false)]
    [InlineData("path", true)]
    [InlineData("other path", false)]
    [InlineData("method", true)]
    [InlineData("other method", false)]
    [InlineData("header", true)]
    [InlineData("header value", true)]
    [InlineData("other header value", false)]
    [InlineData("status", true)]
    [InlineData("other status", false)]
    public async Task It_is_told_what_its_filter_lets_through(string what, bool isTold)
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        var filter = what switch
        {
            "service" => new TapFilter { Service = "shop/web", Pod = "shop/web" },
            "pod" => new TapFilter { Pod = "shop/web" },
            "path" => new TapFilter { PathPrefix = "/a/" },
            "other path" => new TapFilter { PathPrefix = "/b" },
            "method" => new TapFilter { Method = "GET" },
            "other method" => new TapFilter { Method = "POST" },
            "header" => new TapFilter { Header = "x-user" },
            "header value" => new TapFilter { Header = "x-user", HeaderValue = "alice" },
            "other header value" => new TapFilter { Header = "x-user", HeaderValue = "bob" },
            "status" => new TapFilter { Statuses = { new StatusRange { First = 200, Last = 299 } } },
            _ => new TapFilter { Statuses = { new StatusRange { First = 500, Last = 599 } } },
        };
        filter.PerSecond = 100;
        var told = new List<TrafficRecord>();
        hub.Told.Taps.Open(1, filter, (_, record) =>
        {
            told.Add(record);
            return true;
        });
        await RequestAsync(hub);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"2xx\"");
        await Task.Delay(50, TestContext.Current.CancellationToken);

        Assert.Equal(isTold ? 1 : 0, told.Count);
        Assert.Empty(hub.Told.Records);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_is_too_much_or_finds_no_room_is_counted()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        var hasRoom = true;
        var told = 0;
        hub.Told.Taps.Open(1, new TapFilter { PerSecond = 1 }, (_, _) =>
        {
            told++;
            return hasRoom;
        });
        var tap = Assert.Single(hub.Told.Taps.All);
        await RequestAsync(hub);
        await RequestAsync(hub);
        await RequestAsync(hub);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"2xx\"", "} 3");

        Assert.Equal(1, told);
        Assert.Equal(2u, tap.TakeLeftOut());
        Assert.False(tap.HasLeftOut);

        hub.Told.Taps.Close(1);
        Assert.True(hub.Told.Taps.IsEmpty);
    }

    private static async Task RequestAsync(HubFixture hub)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("GET /a/b HTTP/1.1\r\nHost: a\r\nX-User: alice\r\nConnection: close\r\n\r\n");
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);
        await client.RestAsync();
        upstream.Dispose();
    }
}
