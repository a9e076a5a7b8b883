using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NodeMesh.Contract;
using NodeMesh.Proxy.Detection;
using NodeMesh.UnitTests.Forwarding;
using Xunit;

namespace NodeMesh.UnitTests.Accepting;

public sealed class ArrivalTests : IDisposable
{
    private readonly LoopbackServer _server = new();
    private readonly LoopbackProxy _proxy;

    public ArrivalTests() => _proxy = new LoopbackProxy(_server.EndPoint);

    public void Dispose()
    {
        _proxy.Dispose();
        _server.Dispose();
    }

    [Fact(Timeout = 15_000)]
    public async Task A_server_that_speaks_first_is_not_delayed()
    {
        using var client = await _proxy.ConnectAsync();
        using var server = await _server.AcceptAsync();
        await server.SendAsync("220 ready\r\n");
        Assert.Equal("220 ready\r\n", await client.ReadAsync(11));
        await client.SendAsync("EHLO a\r\n");
        Assert.Equal("EHLO a\r\n", await server.ReadAsync(8));
        Assert.Equal(Verdict.Opaque, _proxy.Ports.Recall(_server.EndPoint));
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_undetected_connections_total", "server_spoke_first"));
        Assert.Equal(0, await _proxy.MetricAsync("nodemesh_undetected_connections_total", "client_silent"));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_client_that_stays_silent_reaches_a_server_that_stays_silent()
    {
        using var client = await _proxy.ConnectAsync();
        using var server = await _server.AcceptAsync();
        await Task.Delay(400);
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_undetected_connections_total", "client_silent"));
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n"); // too late to be taken for HTTP
        Assert.Equal("GET / HTTP/1.1\r\n\r\n", await server.ReadAsync(18));
        Assert.Empty(_proxy.Http);
    }

    [Theory(Timeout = 15_000)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true)]
    public async Task Http_goes_to_the_http_engine_with_every_byte_and_no_upstream_is_dialled(string bytes, bool http2)
    {
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync(bytes);
        var (downstream, isHttp2) = await Task.Run(_proxy.Http.Take);

        Assert.Equal(http2, isHttp2);
        Assert.Equal(bytes, await downstream.Socket.ReadAsync(bytes.Length));
        Assert.Equal(_server.EndPoint, downstream.OriginalDestination);
        Assert.Equal(client.LocalEndPoint, downstream.Client);
        Assert.Equal(1, _proxy.Pod.OpenConnections);
        downstream.Socket.Dispose();
        Assert.Equal("end", await client.NextAsync());
        Assert.Equal(0, _proxy.Pod.OpenConnections);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_request_that_comes_byte_by_byte_is_recognised()
    {
        using var client = await _proxy.ConnectAsync();
        foreach (var letter in "GET /slow HTTP/1.1\r\n")
        {
            await client.SendAsync(letter.ToString());
            await Task.Delay(3);
        }
        var (downstream, http2) = await Task.Run(_proxy.Http.Take);
        Assert.False(http2);
        Assert.Equal("GET /slow HTTP/1.1\r\n", await downstream.Socket.ReadAsync(20));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_beginning_that_never_goes_on_is_relayed_after_a_while_and_costs_no_cpu_meanwhile()
    {
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("GE");
        var clock = Stopwatch.StartNew();
        using var server = await _server.AcceptAsync();
        Assert.Equal("GE", await server.ReadAsync(2));
        Assert.InRange(clock.ElapsedMilliseconds, DetectionPlan.PartialMilliseconds - 200, DetectionPlan.PartialMilliseconds + 2000);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_beginning_followed_by_the_end_is_relayed_at_once()
    {
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("GE");
        client.Shutdown(SocketShutdown.Send);
        using var server = await _server.AcceptAsync();
        Assert.Equal("GE", await server.ReadAsync(100));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_refused_connection_is_a_reset_at_once()
    {
        _proxy.Destination = LoopbackServer.Closed();
        var clock = Stopwatch.StartNew();
        Assert.Equal("reset", await EndOfNewConnectionAsync());
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "upstream_connect"));
    }

    // The reset may come before the client has looked whether it is connected.
    private async Task<string> EndOfNewConnectionAsync()
    {
        try
        {
            using var client = await _proxy.ConnectAsync();
            return await client.NextAsync();
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "reset";
        }
    }

    [Fact(Timeout = 15_000)]
    public async Task A_client_that_comes_and_goes_without_a_byte_reaches_the_server()
    {
        var client = await _proxy.ConnectAsync();
        client.Dispose();
        using var server = await _server.AcceptAsync();
        Assert.Equal("end", await server.NextAsync());
    }

    [Fact(Timeout = 15_000)]
    public async Task A_cluster_ip_without_ready_endpoints_is_a_reset_at_once()
    {
        UseService(Protocol.Opaque, null);
        var reset = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await _proxy.ConnectAsync(); // so soon that connecting may already see it
            await client.ReceiveAsync(new byte[1]);
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "no_endpoints"));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_cluster_ip_leads_to_an_endpoint()
    {
        UseService(Protocol.Opaque, _server.EndPoint);
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n"); // declared opaque: not looked at
        using var server = await _server.AcceptAsync();
        Assert.Equal("GET /", await server.ReadAsync(5));
        Assert.Empty(_proxy.Http);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_silent_client_of_a_declared_http_port_is_waited_for_without_a_dial()
    {
        UseService(Protocol.Http, _server.EndPoint);
        using var client = await _proxy.ConnectAsync();
        var accepting = _server.AcceptAsync();
        await Task.Delay(300);
        Assert.False(accepting.IsCompleted);
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        Assert.False((await Task.Run(_proxy.Http.Take)).Http2);
    }

    [Fact(Timeout = 15_000)]
    public async Task Garbage_on_a_declared_http_port_is_for_the_http_engine_to_refuse()
    {
        UseService(Protocol.Http, _server.EndPoint);
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("\u0001\u0002garbage\r\n\r\n");
        Assert.False((await Task.Run(_proxy.Http.Take)).Http2);
    }

    [Theory(Timeout = 15_000)]
    [InlineData("CONNECT example.org:443 HTTP/1.1\r\n\r\n")]
    [InlineData("GET http://example.org/ HTTP/1.1\r\n\r\n")]
    public async Task A_request_to_a_forward_proxy_is_relayed_even_on_a_declared_http_port(string request)
    {
        UseService(Protocol.Http, _server.EndPoint);
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync(request);
        using var server = await _server.AcceptAsync();
        Assert.Equal(request, await server.ReadAsync(request.Length));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_port_known_to_speak_http_is_not_dialled_for_a_client_that_connects_in_advance()
    {
        _proxy.Ports.Learn(_server.EndPoint, Verdict.Http1);
        using var client = await _proxy.ConnectAsync();
        var accepting = _server.AcceptAsync();
        await Task.Delay(300);
        Assert.False(accepting.IsCompleted);
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        await Task.Run(_proxy.Http.Take);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_port_wrongly_believed_to_speak_http_is_found_out()
    {
        _proxy.Ports.Learn(_server.EndPoint, Verdict.Http1);
        using var client = await _proxy.ConnectAsync();
        using var server = await _server.AcceptAsync();
        await server.SendAsync("220 ready\r\n");
        Assert.Equal("220 ready\r\n", await client.ReadAsync(11));
        Assert.Equal(Verdict.Opaque, _proxy.Ports.Recall(_server.EndPoint));
    }

    [Fact(Timeout = 15_000)]
    public async Task Http_on_a_port_remembered_as_opaque_is_still_recognised()
    {
        _proxy.Ports.Learn(_server.EndPoint, Verdict.Opaque);
        using var client = await _proxy.ConnectAsync();
        using var server = await _server.AcceptAsync();
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        await Task.Run(_proxy.Http.Take);
        Assert.Equal("end", await server.NextAsync()); // the connection dialled early
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_early_dials_total", "used=\"false\""));
        Assert.Equal(Verdict.Http1, _proxy.Ports.Recall(_server.EndPoint));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_connection_waits_for_the_agent_when_there_is_no_socket()
    {
        _proxy.SuppliesSockets = false;
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("ruok");
        await Task.Delay(200);
        _proxy.SuppliesSockets = true;
        _proxy.Supply(SocketKind.UpstreamV4, 1);
        using var server = await _server.AcceptAsync();
        Assert.Equal("ruok", await server.ReadAsync(4));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_connection_does_not_wait_for_the_agent_for_ever()
    {
        _proxy.SuppliesSockets = false;
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("ruok");
        Assert.Equal("reset", await client.NextAsync());
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "overloaded"));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_dial_for_the_http_engine_connects_and_fails_as_the_kernel_says()
    {
        using var socket = await _proxy.Dialer.DialAsync(_proxy.Pod, Proxy.Accepting.Direction.Outbound, IPAddress.Loopback, _server.EndPoint, CancellationToken.None);
        using var server = await _server.AcceptAsync();
        await socket.SendAsync("hello"u8.ToArray());
        Assert.Equal("hello", await server.ReadAsync(5));

        var refused = await Assert.ThrowsAsync<SocketException>(async () =>
            await _proxy.Dialer.DialAsync(_proxy.Pod, Proxy.Accepting.Direction.Outbound, IPAddress.Loopback, LoopbackServer.Closed(), CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        _proxy.Pod.Close();
        Assert.Equal("reset", await server.NextAsync());
    }

    [Fact(Timeout = 15_000)]
    public async Task Tls_is_relayed_untouched()
    {
        byte[] hello = [22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0];
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync(hello);
        using var server = await _server.AcceptAsync();
        Assert.Equal(Encoding.Latin1.GetString(hello), await server.ReadAsync(hello.Length));
        Assert.Equal(Verdict.Tls, _proxy.Ports.Recall(_server.EndPoint));
    }

    private void UseService(Protocol protocol, IPEndPoint? endpoint)
    {
        var port = new ServicePort { Name = "p", Port = 80, Protocol = protocol };
        if (endpoint is not null)
        {
            port.Endpoints.Add(new Contract.Endpoint { Address = endpoint.Address.ToString(), Port = (uint)endpoint.Port, Ready = true });
        }
        var service = new Service { Id = "test/service", Namespace = "test", Name = "service", ClusterIps = { "198.51.100.7" }, Ports = { port } };
        _proxy.Snapshots.Apply(new SnapshotDelta { Version = 1, Full = true, Services = { service } });
        _proxy.Destination = new IPEndPoint(IPAddress.Parse("198.51.100.7"), 80);
    }
}
