using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>pods/NAME:PORT/proxy/PATH: what a pod answers there, as the API server fetches it: with the header fields of who asks but the one that is for itself.</summary>
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

    public async Task PassAsync(HttpContext context, ApiRequest request)
    {
        var (name, port) = request.Name.Split(':') is [var before, var after] ? (before, after) : (request.Name, "80");
        var pod = store.Get(store.Find("", "v1", "pods")!, request.Namespace, name) ?? throw ApiRefusalException.NotFound("pods", name);
        var address = (string?)pod.Open()["status"]?["podIP"]
            ?? throw new ApiRefusalException(503, "ServiceUnavailable", $"no endpoints available for pod {name}: it has no address");
        var path = context.Request.Path.Value!.Split("/proxy/", 2).ElementAtOrDefault(1) ?? "";
        try
        {
            using var question = Question(context, new Uri($"http://{address}:{port}/{path}{context.Request.QueryString}"));
            using var answer = await _http.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            context.Response.Headers.ContentEncoding = answer.Content.Headers.ContentEncoding.ToArray();
            // An answer that goes on has begun before it says anything.
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HttpRequestException e)
        {
            throw new ApiRefusalException(503, "ServiceUnavailable", $"error trying to reach service: {e.InnerException?.Message ?? e.Message}");
        }
    }

    private static HttpRequestMessage Question(HttpContext context, Uri address)
    {
        var question = new HttpRequestMessage(new HttpMethod(context.Request.Method), address);
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            question.Content = new StreamContent(context.Request.Body);
        }
        foreach (var (name, value) in context.Request.Headers)
        {
            if (name is not ("Authorization" or "Host" or "Connection" or "Content-Length" or "Transfer-Encoding") && !question.Headers.TryAddWithoutValidation(name, (string?)value))
            {
                question.Content?.Headers.TryAddWithoutValidation(name, (string?)value);
            }
        }
        question.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        return question;
    }

    public void Dispose() => _http.Dispose();
}
