using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using Google.Protobuf;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.HealthChecking;

/// <summary>Asks one endpoint whether it is well, over a connection of its own, from a pod that uses it.</summary>
internal sealed class HealthProbe(IUpstreamDialer dialer)
{
    private const int Ok = 200;
    private const int BadRequest = 400;
    private const int MaxAnswer = 4096;

    // Longer than the proxy of another node needs to find that its pod takes no connection, of which it has taken one already.
    private const int SettlingMilliseconds = 250;

    // HealthCheckResponse { status: SERVING }, with the prefix of a message that is not compressed.
    private static readonly byte[] Serving = [0, 0, 0, 0, 2, 8, 1];

    /// <param name="http2">The endpoint is spoken to in HTTP/2.</param>
    /// <param name="tls">How its own port is spoken to; null: without TLS.</param>
    public async Task<bool> IsWellAsync(HealthCheckRules rules, bool http2, BackendTlsEntry? tls, LocalPod pod, IPEndPoint endpoint, CancellationToken gone)
    {
        var address = rules.Port == 0 ? endpoint : new IPEndPoint(endpoint.Address, (int)rules.Port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(gone);
        limit.CancelAfter(TimeSpan.FromMilliseconds(rules.TimeoutMilliseconds));
        try
        {
            using var socket = await DialAsync(pod, address, limit.Token);
            // Owned, so that giving up ends what waits on it.
            await using Stream plain = new AwaitableStream(socket);
            if (rules.HowCase is not (HealthCheckRules.HowOneofCase.Http or HealthCheckRules.HowOneofCase.Grpc))
            {
                return dialer.IsLocal(address) || await StaysAsync(plain, limit.Token);
            }
            await using var stream = tls is null || rules.Port != 0 ? plain : await tls.OpenAsync(plain, http2 || rules.HowCase == HealthCheckRules.HowOneofCase.Grpc, limit.Token);
            return rules.HowCase == HealthCheckRules.HowOneofCase.Http
                ? await AskHttpAsync(stream, rules.Http, http2, address, limit.Token)
                : await AskGrpcAsync(stream, rules.Grpc, address, limit.Token);
        }
        catch (Exception failure) when (failure is SocketException or IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException or AuthenticationException)
        {
            return false;
        }
    }

    private ValueTask<PodSocket> DialAsync(LocalPod pod, IPEndPoint endpoint, CancellationToken cancellation)
    {
        var client = pod.Addresses.FirstOrDefault(address => address.AddressFamily == endpoint.AddressFamily) ?? pod.Addresses[0];
        return dialer.DialAsync(pod, Direction.Outbound, client, endpoint, cancellation);
    }

    // A reset throws; any other end, or word, is the server's own.
    private static async Task<bool> StaysAsync(Stream stream, CancellationToken limit)
    {
        using var settling = CancellationTokenSource.CreateLinkedTokenSource(limit);
        settling.CancelAfter(SettlingMilliseconds);
        try
        {
            _ = await stream.ReadAsync(new byte[1], settling.Token);
        }
        catch (OperationCanceledException)
        {
            // It stands.
        }
        return true;
    }

    private static async Task<bool> AskHttpAsync(Stream stream, HttpCheck check, bool http2, IPEndPoint endpoint, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{endpoint}{check.Path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Host = check.Host.Length > 0 ? check.Host : null;
        request.Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        using var invoker = Over(stream);
        using var response = await invoker.SendAsync(Prepared(request), cancellation);
        return (int)response.StatusCode is >= Ok and < BadRequest;
    }

    private static async Task<bool> AskGrpcAsync(Stream stream, GrpcCheck check, IPEndPoint endpoint, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{endpoint}/grpc.health.v1.Health/Check");
        request.Version = HttpVersion.Version20;
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Content = new ByteArrayContent(Question(check));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var invoker = Over(stream);
        using var response = await invoker.SendAsync(Prepared(request), cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var answer = new byte[MaxAnswer];
        var length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellation);
        return answer.AsSpan(0, length).SequenceEqual(Serving)
            && response.TrailingHeaders.TryGetValues("grpc-status", out var status) && status.Single() == "0";
    }

    // The check has the form of grpc.health.v1.HealthCheckRequest.
    private static byte[] Question(GrpcCheck check)
    {
        var message = check.ToByteArray();
        return [0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message];
    }

    private static HttpRequestMessage Prepared(HttpRequestMessage request)
    {
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.UserAgent.ParseAdd("nodemesh-health-check");
        request.Headers.ConnectionClose = request.Version == HttpVersion.Version11 ? true : null;
        return request;
    }

    private static HttpMessageInvoker Over(Stream stream) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = (_, _) => ValueTask.FromResult(stream),
    });
}
