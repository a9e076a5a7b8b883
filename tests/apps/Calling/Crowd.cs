using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace NodeMesh.TestApp.Calling;

/// <summary>Many connections at once, and load for a while. Every failure is counted, the first one told.</summary>
internal static class Crowd
{
    /// <summary>Opens Count opaque connections, and sends on none before all are open: all are held at once.</summary>
    public static async Task<CallResult> ManyAsync(CallRequest request, CancellationToken cancellation)
    {
        var open = 0;
        var allOpen = new TaskCompletionSource();
        var errors = new ConcurrentQueue<string>();
        await Task.WhenAll(Enumerable.Range(0, request.Count).Select(async i =>
        {
            try
            {
                using var socket = await Connector.ConnectAsync(request, Encoding.ASCII.GetBytes("echo\n"), cancellation);
                await using var stream = new NetworkStream(socket);
                await OpaqueCall.LineAsync(stream, cancellation);
                if (Interlocked.Increment(ref open) == request.Count)
                {
                    allOpen.SetResult();
                }
                await allOpen.Task.WaitAsync(cancellation);
                if (await OpaqueCall.EchoAsync(stream, $"number {i}", cancellation) != $"number {i}")
                {
                    errors.Enqueue("the echo of another connection");
                }
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
            {
                errors.Enqueue(Caller.Name(error));
            }
        }));
        return Result(request.Count - errors.Count, errors);
    }

    /// <summary>Count workers, each with its own connections (HTTP: kept alive; opaque: a new one a turn), for the duration, a millisecond apart.</summary>
    public static async Task<CallResult> LoadAsync(CallRequest request)
    {
        var errors = new ConcurrentQueue<string>();
        var pods = new ConcurrentDictionary<string, long>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, request.Count).Select(async _ =>
        {
            using var handler = HttpCall.Handler(request, _ => { });
            using var client = new HttpClient(handler);
            while (Stopwatch.GetElapsedTime(started).TotalMilliseconds < request.DurationMilliseconds)
            {
                using var limit = new CancellationTokenSource(request.TimeoutMilliseconds);
                try
                {
                    var pod = request.Of is "http" or "h2c"
                        ? await RequestAsync(client, request, limit.Token)
                        : (await Caller.CallAsync(request with { Kind = request.Of })) is { Ok: true, Server.Pod: var name } ? name : throw new IOException($"{request.Of} failed");
                    pods.AddOrUpdate(pod, 1, (_, count) => count + 1);
                }
                catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
                {
                    errors.Enqueue(Caller.Name(error));
                }
                // Hundreds a second from each all the same, and the processors are left to the tests that run beside this one.
                await Task.Delay(1);
            }
        }));
        return Result(pods.Values.Sum(), errors) with { Pods = pods.ToDictionary() };
    }

    private static async Task<string> RequestAsync(HttpClient client, CallRequest request, CancellationToken cancellation)
    {
        using var message = HttpCall.Message(request);
        using var response = await client.SendAsync(message, cancellation);
        return response.IsSuccessStatusCode
            ? response.Headers.GetValues("x-pod").Single()
            : throw new HttpRequestException($"status {(int)response.StatusCode} {string.Join(',', response.Headers)}");
    }

    private static CallResult Result(long good, ConcurrentQueue<string> errors) => new()
    {
        Ok = errors.IsEmpty,
        Good = good,
        Bad = errors.Count,
        Error = errors.TryPeek(out var first) ? first : null,
    };
}
