using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.HealthChecking;
using NodeMesh.UnitTests.Forwarding;
using NodeMesh.UnitTests.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.HealthChecking;

public sealed class HealthProbeTests
{
    private readonly HealthProbe _probe = new(new PlainDialer());
    private readonly LocalPod _pod = new(1, "shop/cart", [IPAddress.Loopback], [], (_, _) => { });

    [Theory(Timeout = 20_000)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("what?\r\n\r\n", false)]
    [InlineData("", false)]
    public async Task HTTP_goes_by_the_status(string answer, bool isWell)
    {
        using var server = new LoopbackServer();
        var asking = AskAsync(new HealthCheckRules { Http = new HttpCheck { Path = "/health%20z?q", Host = "shop.example" } }, server.EndPoint);
        using var peer = new Peer(await server.AcceptAsync());
        var head = await peer.HeadAsync();
        await peer.SendAsync(answer);
        peer.Dispose();

        Assert.StartsWith("GET /health%20z?q HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nHost: shop.example\r\n", head, StringComparison.Ordinal);
        Assert.Equal(isWell, await asking);
    }

    [Fact(Timeout = 20_000)]
    public async Task Who_does_not_answer_in_time_is_not_well()
    {
        using var server = new LoopbackServer();

        Assert.False(await AskAsync(new HealthCheckRules { Http = new HttpCheck { Path = "/" } }, server.EndPoint, milliseconds: 100));
    }

    [Fact(Timeout = 20_000)]
    public async Task TCP_goes_by_the_connection_on_the_port_of_the_check()
    {
        using var server = new LoopbackServer();
        var closed = LoopbackServer.Closed();

        Assert.True(await AskAsync(new HealthCheckRules { Tcp = true }, server.EndPoint));
        Assert.False(await AskAsync(new HealthCheckRules { Tcp = true }, closed));
        Assert.True(await AskAsync(new HealthCheckRules { Tcp = true, Port = (uint)server.EndPoint.Port }, closed));
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_reset_at_once_was_not_taken_by_the_server(bool isReset)
    {
        using var server = new LoopbackServer();
        var asking = AskAsync(new HealthCheckRules { Tcp = true }, server.EndPoint);
        using var accepted = await server.AcceptAsync();
        accepted.LingerState = new LingerOption(isReset, 0);
        accepted.Dispose();

        Assert.Equal(!isReset, await asking);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("shop.Cart", 1, "0", true)]
    [InlineData("shop.Cart", 2, "0", false)]
    [InlineData("shop.Other", 1, "5", false)]
    public async Task GRPC_goes_by_the_health_protocol(string service, byte status, string grpcStatus, bool isWell)
    {
        byte[] question = [];
        await using var server = await Http2Server.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            question = body.ToArray();
            Assert.Equal("/grpc.health.v1.Health/Check", context.Request.Path);
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, 2, 8, status });
            context.Response.AppendTrailer("grpc-status", grpcStatus);
        });

        Assert.Equal(isWell, await AskAsync(new HealthCheckRules { Grpc = new GrpcCheck { Service = service } }, server.Address));
        Assert.Equal([0, 0, 0, 0, (byte)(service.Length + 2), 10, (byte)service.Length, .. System.Text.Encoding.ASCII.GetBytes(service)], question);
    }

    private Task<bool> AskAsync(HealthCheckRules rules, IPEndPoint endpoint, uint milliseconds = 5000)
    {
        rules.TimeoutMilliseconds = milliseconds;
        return _probe.IsWellAsync(rules, http2: false, tls: null, _pod, endpoint, TestContext.Current.CancellationToken);
    }
}
