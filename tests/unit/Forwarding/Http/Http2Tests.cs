using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>HTTP/2 with prior knowledge, and gRPC, between a real client and a real server.</summary>
public sealed class Http2Tests
{
    [Fact(Timeout = 20_000)]
    public async Task A_request_passes_with_its_authority_and_trailers()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            context.Response.Headers["x-seen"] = $"{context.Request.Protocol} {context.Request.Host} {context.Request.Headers["x-one"]} {context.Request.Headers.TraceParent.Count}";
            context.Response.DeclareTrailer("x-sum");
            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
            context.Response.AppendTrailer("x-sum", "42");
        });
        using var client = new HttpMessageInvoker(Handler(hub, server.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://shop.example/a%2Fb?") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("x-one", "1");
        request.Content = new ByteArrayContent(new byte[300_000]);

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal("HTTP/2 shop.example 1 0", response.Headers.GetValues("x-seen").Single());
        Assert.Equal(300_000, body.Length);
        Assert.Equal("42", response.TrailingHeaders.GetValues("x-sum").Single());
    }

    [Fact(Timeout = 20_000)]
    public async Task A_stream_flows_both_ways_message_by_message()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(EchoGrpcAsync);
        using var channel = Channel(hub, server.Address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Method(MethodType.DuplexStreaming), null, Options());

        Assert.Equal("early", (await call.ResponseHeadersAsync).GetValue("x-head")); // before any message
        for (byte turn = 1; turn < 5; turn++)
        {
            await call.RequestStream.WriteAsync([turn], TestContext.Current.CancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal([turn], call.ResponseStream.Current);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Equal("yes", call.GetTrailers().GetValue("x-tail"));
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "protocol=\"grpc\"", "grpc_status=\"0\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_call_that_fails_at_once_keeps_its_status_and_message()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "7";
            context.Response.Headers["grpc-message"] = "not you";
            return Task.CompletedTask;
        });
        using var channel = Channel(hub, server.Address);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary), null, Options(), []).ResponseAsync);

        Assert.Equal((StatusCode.PermissionDenied, "not you"), (failure.StatusCode, failure.Status.Detail));
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "protocol=\"grpc\"", "grpc_status=\"7\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_cancelled_call_is_cancelled_at_the_server()
    {
        await using var hub = await HubFixture.StartAsync();
        var cancelled = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            context.RequestAborted.Register(cancelled.SetResult);
            begun.SetResult();
            await cancelled.Task;
        });
        using var channel = Channel(hub, server.Address);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary), null, Options(), []);
        await begun.Task;

        call.Dispose();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_deadline_passes_as_the_client_set_it()
    {
        await using var hub = await HubFixture.StartAsync();
        var timeout = new TaskCompletionSource<string>();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            timeout.TrySetResult(context.Request.Headers["grpc-timeout"].ToString());
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using var channel = Channel(hub, server.Address);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.CreateCallInvoker()
            .AsyncUnaryCall(Method(MethodType.Unary), null, Options().WithDeadline(DateTime.SpecifyKind(TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(300), DateTimeKind.Utc)), []).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.NotEqual("", await timeout.Task);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(7)] // REFUSED_STREAM
    [InlineData(8)] // CANCEL
    [InlineData(11)] // ENHANCE_YOUR_CALM
    public async Task A_stream_that_the_server_resets_is_reset_with_the_same_code(int code)
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(context =>
        {
            context.Features.Get<IHttpResetFeature>()!.Reset(code);
            return Task.CompletedTask;
        });
        using var client = new HttpMessageInvoker(Handler(hub, server.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://a/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent(new byte[10]);

        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Fail(response.ToString());
        });

        Assert.Equal(code, (failure.InnerException as HttpProtocolException)?.ErrorCode);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true, "no_endpoints")]
    [InlineData(false, "upstream_connect")]
    public async Task A_gRPC_call_that_goes_nowhere_is_UNAVAILABLE(bool service, string reason)
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare();
        using var channel = Channel(hub, service ? HubFixture.ClusterIp : ClosedPort());
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary), null, Options(), []);

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal((StatusCode.Unavailable, reason), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal(reason, failure.Trailers.GetValue("nodemesh-error") ?? (await call.ResponseHeadersAsync).GetValue("nodemesh-error"));
    }

    [Fact(Timeout = 20_000)]
    public async Task Requests_of_one_connection_are_spread_over_the_endpoints()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var one = await Http2Server.StartAsync(context => context.Response.WriteAsync("one"));
        await using var two = await Http2Server.StartAsync(context => context.Response.WriteAsync("two"));
        hub.Declare(one.Address, two.Address);
        using var client = new HttpMessageInvoker(Handler(hub, HubFixture.ClusterIp));
        var seen = new HashSet<string>();

        for (var number = 0; number < 500 && seen.Count < 2; number++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "http://a/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            seen.Add(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(["one", "two"], seen.Order());
    }

    [Fact(Timeout = 20_000)]
    public async Task A_call_that_no_rule_is_for_is_UNIMPLEMENTED()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare();
        Route(hub, new RouteMatch { Path = new PathMatch { Exact = "/shop.Cart/Other" } }, new RouteRule());
        using var channel = Channel(hub, HubFixture.ClusterIp);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary), null, Options(), []).ResponseAsync);

        Assert.Equal((StatusCode.Unimplemented, "no_route"), (failure.StatusCode, failure.Status.Detail));
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "protocol=\"grpc\"", "grpc_status=\"12\"", "reason=\"no_route\"");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_call_that_takes_too_long_is_DEADLINE_EXCEEDED_and_cancelled_at_the_server()
    {
        await using var hub = await HubFixture.StartAsync();
        var cancelled = new TaskCompletionSource();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            context.RequestAborted.Register(cancelled.SetResult);
            await cancelled.Task;
        });
        hub.Declare(server.Address);
        Route(hub, new RouteMatch(), new RouteRule { Timeouts = new RouteTimeouts { RequestMilliseconds = 100 } });
        using var channel = Channel(hub, HubFixture.ClusterIp);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary), null, Options(), []).ResponseAsync);

        Assert.Equal((StatusCode.DeadlineExceeded, "timeout_request"), (failure.StatusCode, failure.Status.Detail));
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_stream_of_messages_passes_a_route_that_retries_and_mirrors_message_by_message()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(EchoGrpcAsync);
        hub.Declare(server.Address);
        Route(hub, new RouteMatch(), new RouteRule
        {
            Retry = new RouteRetry { Attempts = 2, Codes = { 503 } },
            Filters = { new RouteFilter { Mirror = new Mirror { Port = new BackendPort { Service = "shop/web", Port = 80 }, Numerator = 1, Denominator = 1 } } },
        });
        using var channel = Channel(hub, HubFixture.ClusterIp);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Method(MethodType.DuplexStreaming), null, Options());

        for (byte turn = 1; turn < 5; turn++)
        {
            await call.RequestStream.WriteAsync([turn], TestContext.Current.CancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal([turn], call.ResponseStream.Current);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        await hub.EventuallyCountsAsync("nodemesh_http_mirrored_total{route=\"shop/r\",result=\"answered\"} 1");
    }

    [Fact(Timeout = 20_000)]
    public async Task A_status_of_the_list_is_tried_again_over_HTTP2_with_the_same_body()
    {
        await using var hub = await HubFixture.StartAsync();
        var turns = 0;
        await using var server = await Http2Server.StartAsync(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
            context.Response.StatusCode = Interlocked.Increment(ref turns) < 3 ? 503 : 200;
            await context.Response.WriteAsync($"{body} {turns}");
        });
        hub.Declare(server.Address);
        Route(hub, new RouteMatch(), new RouteRule { Retry = new RouteRetry { Attempts = 2, Codes = { 503 } } });
        using var client = new HttpMessageInvoker(Handler(hub, HubFixture.ClusterIp));
        using var request = new HttpRequestMessage(HttpMethod.Put, "http://a/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new StringContent("hello");

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("hello 3", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_backend_that_declares_HTTP2_is_spoken_to_in_HTTP2_though_the_client_speaks_HTTP1()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
            await context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Method} {context.Request.Host} {body}");
        });
        hub.Declare(server.Address);
        var service = new Service { Id = "shop/h2c", Namespace = "shop", Name = "h2c", Ports = { new ServicePort { Port = 80, Protocol = Protocol.Http2 } } };
        service.Ports[0].Endpoints.Add(new Contract.Endpoint { Address = server.Address.Address.ToString(), Port = (uint)server.Address.Port, Ready = true });
        hub.Store.Apply(new SnapshotDelta { Version = hub.Store.Current.Version + 1, Services = { service } });
        Route(hub, new RouteMatch(), new RouteRule(), "shop/h2c");
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        foreach (var body in new[] { "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" })
        {
            await client.SendAsync($"POST /a HTTP/1.1\r\nHost: web.shop\r\n{body}");
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.HeadAsync(), StringComparison.Ordinal);
            await client.UntilAsync("HTTP/2 POST web.shop hello");
            await client.UntilAsync("0\r\n\r\n");
        }
    }

    private static void Route(HubFixture hub, RouteMatch match, RouteRule rule, string backend = "shop/web")
    {
        rule.Route = "shop/r";
        rule.Backends.Add(new RouteBackend { Port = new BackendPort { Service = backend, Port = 80 }, Weight = 1 });
        hub.Store.Apply(new SnapshotDelta
        {
            Version = hub.Store.Current.Version + 1,
            Routes = { new ServiceRoutes { Service = "shop/web", Tables = { new RouteTable { Port = 80, Kind = RouteKind.GrpcRoute, Rules = { rule }, Matches = { match } } } } },
        });
    }

    private static async Task EchoGrpcAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["x-head"] = "early";
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var buffer = new byte[1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
        }
        context.Response.AppendTrailer("grpc-status", "0");
        context.Response.AppendTrailer("x-tail", "yes");
    }

    private static Method<byte[], byte[]> Method(MethodType type) =>
        new(type, "shop.Cart", "Echo", Marshallers.Create(bytes => bytes, bytes => bytes), Marshallers.Create(bytes => bytes, bytes => bytes));

    private static CallOptions Options() => new(cancellationToken: TestContext.Current.CancellationToken);

    private static GrpcChannel Channel(HubFixture hub, IPEndPoint destination) =>
        GrpcChannel.ForAddress("http://cart.shop", new GrpcChannelOptions { HttpHandler = Handler(hub, destination), DisposeHttpClient = true });

    private static SocketsHttpHandler Handler(HubFixture hub, IPEndPoint destination) => new()
    {
        ActivityHeadersPropagator = null,
        ConnectCallback = async (_, _) => new NetworkStream((await hub.ClientAsync(destination, http2: true)).Socket, ownsSocket: true),
    };

    private static IPEndPoint ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
