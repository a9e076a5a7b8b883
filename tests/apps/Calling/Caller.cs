using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Grpc.Core;

namespace NodeMesh.TestApp.Calling;

/// <summary>Makes one call; whatever happens is in the result, never an exception.</summary>
internal static class Caller
{
    public static async Task<CallResult> CallAsync(CallRequest request)
    {
        using var limit = new CancellationTokenSource(request.TimeoutMilliseconds);
        var started = Stopwatch.GetTimestamp();
        CallResult result;
        try
        {
            result = await (request.Kind switch
            {
                "http" or "h2c" => HttpCall.CallAsync(request, limit.Token),
                "grpc" => GrpcCall.CallAsync(request, limit.Token),
                "websocket" => WebSocketCall.CallAsync(request, limit.Token),
                "tls" => TlsCall.CallAsync(request, limit.Token),
                "server-first" => ServerFirstCall.CallAsync(request, limit.Token),
                "many" => Crowd.ManyAsync(request, limit.Token),
                "load" => Crowd.LoadAsync(request),
                "open" or "send" or "finish" or "drop" => KeptConnections.CallAsync(request, limit.Token),
                _ => OpaqueCall.CallAsync(request, limit.Token),
            });
        }
        catch (Exception error) when (error is IOException or SocketException or HttpRequestException or RpcException
            or WebSocketException or OperationCanceledException or InvalidDataException or AuthenticationException or FormatException or KeyNotFoundException)
        {
            result = new CallResult { Error = limit.IsCancellationRequested ? "TimedOut" : Name(error) };
        }
        return result with
        {
            Id = request.Id,
            Milliseconds = result.Milliseconds > 0 ? result.Milliseconds : Stopwatch.GetElapsedTime(started).TotalMilliseconds,
        };
    }

    /// <summary>The socket's error where there is one inside.</summary>
    public static string Name(Exception error)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
            {
                // Reset before the socket could even be asked for its addresses.
                return (socket.SocketErrorCode == SocketError.NotConnected ? SocketError.ConnectionReset : socket.SocketErrorCode).ToString();
            }
        }
        return $"{error.GetType().Name}: {error.Message}";
    }
}
