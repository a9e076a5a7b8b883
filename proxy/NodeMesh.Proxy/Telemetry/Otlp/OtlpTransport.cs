using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using NodeMesh.Contract;
using NodeMesh.Contract.Otlp;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Services;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>
/// Carries requests to a collector, by gRPC or as protobuf over HTTP, over connections of the proxy's own: it dials endpoints of the Service as the
/// snapshot has them, since on a node nothing resolves the names of Services.
/// </summary>
internal sealed class OtlpTransport(OtlpCollector collector, SnapshotStore store, LoadBalancer balancer) : IDisposable
{
    private const string TracesCall = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private const string LogsCall = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

    /// <summary>How long a collector may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // Endpoints come and go: now and then it looks again.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _invoker = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = Lifetime,
            ConnectCallback = (_, cancellation) => ConnectAsync(collector, store, balancer, cancellation),
        });

    /// <returns>How many of them the collector rejects.</returns>
    /// <exception cref="IOException">It did not take them.</exception>
    public async Task<long> SendAsync(IMessage message, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            using var request = Request(message);
            using var response = await _invoker.SendAsync(request, limit.Token);
            return collector.Http ? await ReadAsync(response, limit.Token) : Rejected((await GrpcUnary.ReadAsync(response, ExportTraceServiceResponse.Parser, limit.Token)).PartialSuccess);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException exception)
        {
            throw new IOException(exception.InnerException?.Message ?? exception.Message, exception);
        }
    }

    public void Dispose() => _invoker.Dispose();

    private HttpRequestMessage Request(IMessage message)
    {
        var isTraces = message is ExportTraceServiceRequest;
        var host = string.Join('.', collector.Port.Service.Split('/').Reverse());
        if (!collector.Http)
        {
            var call = GrpcUnary.Request(message, collector.Port.Service, Limit);
            call.RequestUri = new Uri($"http://{host}:{collector.Port.Port}{(isTraces ? TracesCall : LogsCall)}");
            return call;
        }
        var post = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{host}:{collector.Port.Port}/v1/{(isTraces ? "traces" : "logs")}")) { Content = new ByteArrayContent(message.ToByteArray()) };
        post.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        return post;
    }

    private static async Task<long> ReadAsync(HttpResponseMessage response, CancellationToken limit)
    {
        const int Most = 64 * 1024;
        if (!response.IsSuccessStatusCode)
        {
            throw new IOException($"it answers {(int)response.StatusCode}");
        }
        var body = await BoundedBody.ReadAsync(response.Content, Most, limit);
        // The answers about traces and about logs have the same form.
        return response.Content.Headers.ContentType?.MediaType == "application/x-protobuf" ? Rejected(ExportTraceServiceResponse.Parser.ParseFrom(body).PartialSuccess) : 0;
    }

    private static long Rejected(PartialSuccess? partial) => Math.Max(0, partial?.Rejected ?? 0);

    private static async ValueTask<Stream> ConnectAsync(OtlpCollector collector, SnapshotStore store, LoadBalancer balancer, CancellationToken cancellation)
    {
        if (store.Current.FindServicePort(collector.Port.Service, (int)collector.Port.Port) is not { } port || balancer.Pick(port, AddressFamily.InterNetwork) is not { } endpoint)
        {
            throw new IOException($"Service {collector.Port.Service} has no ready endpoint for port {collector.Port.Port}");
        }
        var socket = new Socket(endpoint.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
