using System.Net;
using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class FailureTests
{
    [Fact(Timeout = 20_000)]
    public async Task An_upstream_that_refuses_is_503()
    {
        await using var hub = await HubFixture.StartAsync();
        var client = await hub.ClientAsync(ClosedPort());

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 503 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: upstream_connect\r\n", head, StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"upstream_connect\"", "status=\"5xx\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_Service_without_endpoints_is_503_at_once()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare();
        var client = await hub.ClientAsync(HubFixture.ClusterIp);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 503 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: no_endpoints\r\n", head, StringComparison.Ordinal);
        Assert.Empty(hub.Dialer.Dials);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"no_endpoints\"", "destination_service=\"shop/web\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task The_connection_goes_on_after_an_answer_of_the_mesh()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare();
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        await client.HeadAsync();

        hub.Declare(hub.Upstream);
        await client.SendAsync("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("GET /again ", await (await hub.UpstreamAsync()).HeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_breaks_off_before_its_response_is_502(bool reset)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
        await upstream.ExactlyAsync(1);
        if (reset)
        {
            upstream.Reset();
        }
        else
        {
            upstream.Dispose();
        }
        var head = await client.HeadAsync();

        Assert.StartsWith("HTTP/1.1 502 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nnodemesh-error: upstream_reset\r\n", head, StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")]
    public async Task A_response_that_breaks_off_breaks_off_downstream(string response)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync(response);
        await client.UntilAsync("part");
        upstream.Dispose();
        string rest;
        try
        {
            rest = await client.RestAsync();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            rest = "";
        }

        Assert.DoesNotContain("0\r\n\r\n", rest, StringComparison.Ordinal);
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"0\"", "reason=\"upstream_reset\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task Rubbish_from_the_upstream_is_502()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("SSH-2.0-OpenSSH_9\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 502 ", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_goes_away_takes_its_upstream_request_along(bool reset)
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        if (reset)
        {
            client.Reset();
        }
        else
        {
            client.Dispose();
        }

        // To an upstream a client that closed looks as it does without the mesh: as one that may still want its answer.
        await upstream.EndsAsync();
        upstream.Dispose();
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "status=\"0\"", "reason=\"downstream_reset\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_that_goes_away_in_its_body_takes_its_upstream_request_along()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        await upstream.ExactlyAsync(3);
        client.Reset();

        await upstream.EndsAsync();
    }

    [Theory(Timeout = 20_000)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\nHost: a\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task Hostile_or_misdirected_bytes_are_refused(string request)
    {
        await using var hub = await HubFixture.StartAsync();
        var client = await hub.ClientAsync();

        await client.SendAsync(request);
        var head = await client.HeadAsync();

        Assert.Matches("^HTTP/1.1 (400|505) ", head);
        Assert.Empty(hub.Dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_request_is_not_lost_on_a_connection_that_the_upstream_closed_while_idle()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await client.HeadAsync();
        upstream.Dispose();
        await client.SendAsync("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");

        Assert.StartsWith("POST /2 ", await (await hub.UpstreamAsync()).HeadAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task An_idle_upstream_connection_is_closed_before_the_shortest_keep_alive_of_servers()
    {
        await using var hub = await HubFixture.StartAsync();

        var (client, upstream, _) = await hub.RequestAsync("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await client.HeadAsync();

        await upstream.EndsAsync();
    }

    [Fact(Timeout = 20_000)]
    public async Task A_drained_pod_says_Connection_close_and_the_response_is_whole()
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, upstream, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        var draining = hub.Hub.DrainAsync(hub.Pod, TestContext.Current.CancellationToken);
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
        var response = await client.RestAsync();
        await draining;

        Assert.Contains("\r\nConnection: close\r\n", response, StringComparison.Ordinal);
        Assert.EndsWith("whole", response, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_drain_closes_idle_connections_at_once()
    {
        await using var hub = await HubFixture.StartAsync();
        var client = await hub.ClientAsync();
        await Task.Delay(50, TestContext.Current.CancellationToken);

        await hub.Hub.DrainAsync(hub.Pod, TestContext.Current.CancellationToken);

        await client.EndsAsync();
    }

    [Fact(Timeout = 20_000)]
    public async Task A_drain_ends_at_its_limit()
    {
        await using var hub = await HubFixture.StartAsync();
        var (client, _, _) = await hub.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        using var limit = new CancellationTokenSource(100);
        await hub.Hub.DrainAsync(hub.Pod, limit.Token);

        await client.EndsAsync();
    }

    private static IPEndPoint ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
