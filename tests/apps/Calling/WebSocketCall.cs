using System.Net.WebSockets;
using System.Text;

namespace NodeMesh.TestApp.Calling;

/// <summary>Upgrades, sends one message, reads its echo, closes.</summary>
internal static class WebSocketCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        string local = "", peer = "";
        using var handler = HttpCall.Handler(request, socket => (local, peer) = (Seen.Text(socket.LocalEndPoint), Seen.Text(socket.RemoteEndPoint)));
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{request.Target}{request.Path}"), invoker, cancellation);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request.Text), WebSocketMessageType.Text, endOfMessage: true, cancellation);
        var buffer = new byte[64 * 1024];
        var echo = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        return new CallResult
        {
            Ok = socket.State == WebSocketState.Closed,
            Text = Encoding.UTF8.GetString(buffer.AsSpan(0, echo.Count)),
            Local = local,
            Peer = peer,
        };
    }
}
