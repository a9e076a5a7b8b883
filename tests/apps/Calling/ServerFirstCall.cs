using System.Diagnostics;
using System.Net.Sockets;

namespace NodeMesh.TestApp.Calling;

/// <summary>Connects, says nothing, and times the greeting; then one line and its echo.</summary>
internal static class ServerFirstCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var socket = await Connector.ConnectAsync(request, default, cancellation);
        await using var stream = new NetworkStream(socket);
        var greeting = await OpaqueCall.LineAsync(stream, cancellation);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var echo = await OpaqueCall.EchoAsync(stream, request.Text, cancellation);
        var server = Arguments.FromJson<Seen>(await OpaqueCall.EchoAsync(stream, "seen", cancellation));
        return new CallResult
        {
            Ok = echo == request.Text,
            Text = greeting,
            Milliseconds = elapsed,
            Local = Seen.Text(socket.LocalEndPoint),
            Peer = Seen.Text(socket.RemoteEndPoint),
            Server = server,
        };
    }
}
