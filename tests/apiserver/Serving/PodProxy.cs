using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>pods/NAME:PORT/proxy/PATH: what a pod answers there, as the API server fetches it.</summary>
internal sealed class PodProxy(ObjectStore store, ApiServerOptions options) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (target, cancellation) =>
        {
            var address = new IPEndPoint(IPAddress.Parse(target.DnsEndPoint.Host), target.DnsEndPoint.Port);
            if (options.DialPod is { } dial)
            {
                return await dial(address, cancellation);
            }
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { Timeout = TimeSpan.FromSeconds(5) };

    public async Task GetAsync(HttpContext context, ApiRequest request)
    {
        var (name, port) = request.Name.Split(':') is [var before, var after] ? (before, after) : (request.Name, "80");
        var pod = store.Get(store.Find("", "v1", "pods")!, request.Namespace, name) ?? throw ApiRefusalException.NotFound("pods", name);
        var address = (string?)pod.Open()["status"]?["podIP"]
            ?? throw new ApiRefusalException(503, "ServiceUnavailable", $"no endpoints available for pod {name}: it has no address");
        var path = context.Request.Path.Value!.Split("/proxy/", 2).ElementAtOrDefault(1) ?? "";
        try
        {
            using var answer = await _http.GetAsync(new Uri($"http://{address}:{port}/{path}{context.Request.QueryString}"), context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HttpRequestException e)
        {
            throw new ApiRefusalException(503, "ServiceUnavailable", $"error trying to reach service: {e.InnerException?.Message ?? e.Message}");
        }
    }

    public void Dispose() => _http.Dispose();
}
