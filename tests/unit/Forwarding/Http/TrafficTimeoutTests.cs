using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;
using static NodeMesh.UnitTests.Forwarding.Http.RuledHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>How long a TrafficPolicy lets connections take to open, stand still, and be kept.</summary>
public sealed class TrafficTimeoutTests
{
    [Fact(Timeout = 20_000)]
    public async Task An_exchange_in_which_nothing_passes_is_ended()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Policy = "shop/p", Timeouts = new TrafficTimeouts { IdleMilliseconds = 100 } });
        RecordedTraffic.Ask(hub.Store);
        var silent = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        AssertError(await silent.HeadAsync(), "504", "timeout_idle");
        Assert.Equal("TrafficPolicy/shop/p", (await hub.Told.SingleAsync()).Policy);
        await upstream.HeadAsync();
        await upstream.EndsAsync();

        var half = await RequestAsync(hub);
        upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        await half.HeadAsync();
        await half.EndsAsync();
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"timeout_idle\"", "status=\"0\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task An_exchange_in_which_something_passes_goes_on()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { IdleMilliseconds = 2000 } });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
        for (var i = 0; i < 30; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await upstream.SendAsync("x");
        }

        await client.HeadAsync();
        Assert.Equal(new string('x', 30), await client.ExactlyAsync(30));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_connection_that_does_not_open_in_time_is_503()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { ConnectMilliseconds = 100 } });
        hub.Dialer.IsStuck = true;

        AssertError(await (await RequestAsync(hub)).HeadAsync(), "503", "upstream_connect");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_connection_is_kept_for_as_long_as_the_policy_says()
    {
        await using var hub = await StartAsync(false, new TrafficRules { Timeouts = new TrafficTimeouts { KeepAliveMilliseconds = 60_000 } });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        for (var turn = 0; turn < 2; turn++)
        {
            await upstream.HeadAsync();
            await upstream.SendAsync(Ok);
            await client.HeadAsync();
            Assert.Equal("ok", await client.ExactlyAsync(2));
            await Task.Delay(2000, TestContext.Current.CancellationToken); // twice as long as without a policy
            await client.SendAsync(Get);
        }
        await upstream.HeadAsync();

        Assert.Single(hub.Dialer.Dials);
    }
}
