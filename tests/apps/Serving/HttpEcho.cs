using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.TestApp.Serving;

/// <summary>
/// Answers with what it saw, as JSON. Query: status=N, delay=MS, size=N (that many bytes instead), abort (reset in mid-answer).
/// A WebSocket is echoed.
/// </summary>
internal sealed class HttpEcho(string name, int ownStatus = 0, int ownDelay = 0)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await EchoAsync(await context.WebSockets.AcceptWebSocketAsync(), context.RequestAborted);
            return;
        }

        var query = context.Request.Query;
        var seen = await SeeAsync(context);
        if (int.TryParse(query["delay"], CultureInfo.InvariantCulture, out var delay) || (delay = ownDelay) > 0)
        {
            await Task.Delay(delay, context.RequestAborted);
        }
        if (int.TryParse(query["status"], CultureInfo.InvariantCulture, out var status) || (status = ownStatus) > 0)
        {
            context.Response.StatusCode = status;
        }
        if (query.ContainsKey("abort"))
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("half an ans");
            await context.Response.Body.FlushAsync();
            context.Abort();
            return;
        }
        context.Response.Headers["x-pod"] = name;
        if (int.TryParse(query["size"], CultureInfo.InvariantCulture, out var size))
        {
            context.Response.ContentLength = size;
            await new SeededBytes(1).SendAsync(context.Response.Body, size, context.RequestAborted);
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(Arguments.ToJson(seen));
    }

    private async Task<Seen> SeeAsync(HttpContext context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[16 * 1024];
        long bytes = 0;
        for (int got; (got = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0; bytes += got)
        {
            hash.AppendData(buffer, 0, got);
        }
        var connection = context.Connection;
        return new Seen
        {
            Pod = name,
            Local = Seen.Text(new IPEndPoint(connection.LocalIpAddress!, connection.LocalPort)),
            Peer = Seen.Text(new IPEndPoint(connection.RemoteIpAddress!, connection.RemotePort)),
            Method = context.Request.Method,
            RawTarget = context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            Protocol = context.Request.Protocol,
            Host = context.Request.Host.Value,
            Headers = context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(", ", header.Value!)),
            Sni = context.Features.Get<ITlsHandshakeFeature>()?.HostName,
            Bytes = bytes,
            Sha256 = bytes == 0 ? null : Convert.ToHexStringLower(hash.GetHashAndReset()),
        };
    }

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
                return;
            }
            await socket.SendAsync(buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, cancellation);
        }
    }
}
