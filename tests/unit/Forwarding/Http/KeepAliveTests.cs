using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public class KeepAliveTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_connection_may_be_idle_for_longer_than_the_servers_clock_ticks()
    {
        await using var fixture = await HubFixture.StartAsync();
        var (client, upstream, _) = await fixture.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        await client.UntilAsync("\r\n\r\nx");

        await Task.Delay(TimeSpan.FromSeconds(2.5), TestContext.Current.CancellationToken); // Kestrel looks each second

        await client.SendAsync("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("GET /again ", await (await fixture.UpstreamAsync()).HeadAsync(), StringComparison.Ordinal);
    }
}
