using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace NodeMesh.TestApp.Calling;

/// <summary>One HTTP/1.1 or HTTP/2 (prior knowledge) request on a connection of its own.</summary>
internal static class HttpCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        string local = "", peer = "";
        using var handler = Handler(request, socket => (local, peer) = (Seen.Text(socket.LocalEndPoint), Seen.Text(socket.RemoteEndPoint)));
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var message = Message(request);
        using var response = await client.SendAsync(message, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        var isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
        var text = isJson ? null : System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 1000)));
        return new CallResult
        {
            Ok = response.IsSuccessStatusCode,
            Local = local,
            Peer = peer,
            Status = (int)response.StatusCode,
            Protocol = $"HTTP/{response.Version}",
            Headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(", ", header.Value)),
            Bytes = body.Length,
            Text = text,
            Server = isJson ? Arguments.FromJson<Seen>(System.Text.Encoding.UTF8.GetString(body)) : null,
        };
    }

    public static SocketsHttpHandler Handler(CallRequest request, Action<Socket> connected) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = await Connector.ConnectAsync(request, default, cancellation);
            connected(socket);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    public static HttpRequestMessage Message(CallRequest request)
    {
        // The path goes out as it was written, dots and escapes too.
        var address = new Uri($"http://{request.Target}{request.Path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(request.Method), address)
        {
            Version = request.Kind == "h2c" || request.Of == "h2c" ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (request.BodySize > 0)
        {
            message.Content = new ByteArrayContent(new byte[request.BodySize]);
        }
        message.Headers.Host = request.Host;
        foreach (var header in request.Headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (header[..colon], header[(colon + 1)..].Trim());
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                // One that .NET has as a property of the body: Content-Type.
                message.Content ??= new ByteArrayContent([]);
                message.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }
        return message;
    }
}
