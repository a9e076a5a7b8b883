using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace NodeMesh.TestApp.Calling;

/// <summary>
/// Opaque connections that stay open between calls of a shell, each under a token: open (and echo once), send (and echo once),
/// finish (FIN, and wait for the server's), drop (reset).
/// </summary>
internal static class KeptConnections
{
    private static readonly ConcurrentDictionary<string, Socket> Kept = new();

    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        Seen? server = null;
        if (request.Kind == "open")
        {
            var opened = await Connector.ConnectAsync(request, Encoding.ASCII.GetBytes("echo\n"), cancellation);
            Kept[request.Token] = opened;
            await using var first = new NetworkStream(opened);
            server = Arguments.FromJson<Seen>(await OpaqueCall.LineAsync(first, cancellation));
        }
        var socket = Kept[request.Token];
        var result = new CallResult { Ok = true, Server = server, Local = Seen.Text(socket.LocalEndPoint), Peer = Seen.Text(socket.RemoteEndPoint) };
        await using var stream = new NetworkStream(socket);
        switch (request.Kind)
        {
            case "finish":
                socket.Shutdown(SocketShutdown.Send);
                result = result with { Bytes = await stream.ReadAsync(new byte[1], cancellation) };
                Forget(request.Token);
                return result;
            case "drop":
                socket.LingerState = new LingerOption(true, 0);
                Forget(request.Token);
                return result;
            default:
                return result with { Text = await OpaqueCall.EchoAsync(stream, request.Text, cancellation) };
        }
    }

    private static void Forget(string token)
    {
        if (Kept.TryRemove(token, out var socket))
        {
            socket.Dispose();
        }
    }
}
