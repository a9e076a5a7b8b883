using System.Net.Sockets;
using System.Text;

namespace NodeMesh.TestApp.Calling;

/// <summary>Calls in the protocol of OpaqueServer.</summary>
internal static class OpaqueCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        var hello = request.Kind switch
        {
            "opaque" => "echo",
            "half-close" => "sink",
            "bye" => $"bye {request.Token}",
            "ask" => $"ask {request.Token}",
            "abort" => $"watch {request.Token}",
            "bulk" => $"bulk {request.Up} {request.Down} 7",
            "reset" => "reset",
            _ => throw new FormatException($"no such kind of call: {request.Kind}"),
        };
        using var socket = await Connector.ConnectAsync(request, Encoding.ASCII.GetBytes(hello + "\n"), cancellation);
        await using var stream = new NetworkStream(socket);
        var result = new CallResult { Ok = true, Local = Seen.Text(socket.LocalEndPoint), Peer = Seen.Text(socket.RemoteEndPoint) };
        return request.Kind switch
        {
            "opaque" => result with
            {
                Server = Arguments.FromJson<Seen>(await LineAsync(stream, cancellation)),
                Text = await EchoAsync(stream, request.Text, cancellation),
                Bytes = await EndAsync(socket, stream, cancellation),
            },
            "half-close" => result with { Server = await HalfCloseAsync(socket, stream, request.Up, cancellation) },
            "bye" => result with { Text = await ByeAsync(socket, stream, request.Up, cancellation) },
            "ask" => result with { Server = Arguments.FromJson<Seen>(await LineAsync(stream, cancellation)) },
            "abort" => result with { Text = await AbortAsync(socket, stream, cancellation) },
            "bulk" => result with { Text = await BulkAsync(stream, request, cancellation), Bytes = request.Up + request.Down },
            _ => result with { Text = await ResetAsync(stream, cancellation) },
        };
    }

    public static async Task<string> LineAsync(Stream stream, CancellationToken cancellation) =>
        await stream.ReadLineAsync(cancellation) ?? throw new EndOfStreamException("the server closed before it answered");

    public static async Task<string> EchoAsync(Stream stream, string text, CancellationToken cancellation)
    {
        await stream.WriteLineAsync(text, cancellation);
        return await LineAsync(stream, cancellation);
    }

    /// <summary>FIN, then the rest to the server's FIN; returns how many bytes that were.</summary>
    private static async Task<long> EndAsync(Socket socket, NetworkStream stream, CancellationToken cancellation)
    {
        socket.Shutdown(SocketShutdown.Send);
        long rest = 0;
        var buffer = new byte[1024];
        for (int got; (got = await stream.ReadAsync(buffer, cancellation)) > 0; rest += got)
        {
        }
        return rest;
    }

    private static async Task<Seen> HalfCloseAsync(Socket socket, NetworkStream stream, long bytes, CancellationToken cancellation)
    {
        await new SeededBytes(3).SendAsync(stream, bytes, cancellation);
        socket.Shutdown(SocketShutdown.Send);
        return Arguments.FromJson<Seen>(await LineAsync(stream, cancellation));
    }

    /// <summary>The server closes its half first; what the client sends a while after that must still arrive.</summary>
    private static async Task<string> ByeAsync(Socket socket, NetworkStream stream, long bytes, CancellationToken cancellation)
    {
        var text = await LineAsync(stream, cancellation);
        if (await stream.ReadAsync(new byte[1], cancellation) != 0)
        {
            throw new InvalidDataException("the server's half-close did not arrive");
        }
        await Task.Delay(200, cancellation);
        await new SeededBytes(3).SendAsync(stream, bytes, cancellation);
        socket.Shutdown(SocketShutdown.Send);
        return text;
    }

    private static async Task<string> AbortAsync(Socket socket, NetworkStream stream, CancellationToken cancellation)
    {
        var text = await LineAsync(stream, cancellation);
        socket.LingerState = new LingerOption(true, 0);
        return text;
    }

    private static async Task<string> BulkAsync(NetworkStream stream, CallRequest request, CancellationToken cancellation)
    {
        await Task.WhenAll(
            new SeededBytes(7).SendAsync(stream, request.Up, cancellation),
            new SeededBytes(8).ExpectAsync(stream, request.Down, cancellation));
        return await LineAsync(stream, cancellation);
    }

    /// <summary>Throws the reset; an orderly end is reported as text, since it would be wrong.</summary>
    private static async Task<string> ResetAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var text = await LineAsync(stream, cancellation);
        return await stream.ReadAsync(new byte[1], cancellation) == 0 ? text + " fin" : text + " bytes";
    }
}
