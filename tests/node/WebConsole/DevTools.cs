using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kernel;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The protocol of Chromium's developer tools, with one page of it: commands that are answered, and events.</summary>
internal sealed class DevTools : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = new();
    private Task _reading = Task.CompletedTask;
    private int _last;

    /// <summary>Method and parameters of every event.</summary>
    public event Action<string, JsonNode>? Happened;

    public async Task ConnectAsync(string netns, Uri page)
    {
        using var http = new HttpMessageInvoker(Inside(netns));
        await _socket.ConnectAsync(page, http, default);
        _reading = ReadAsync();
    }

    /// <summary>What speaks HTTP from within a network namespace.</summary>
    public static SocketsHttpHandler Inside(string netns) => new()
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = NetnsSocket.Create(netns);
            await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <exception cref="InvalidOperationException">The browser refuses: says why.</exception>
    public async Task<JsonNode> CallAsync(string method, JsonObject? parameters = null)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        var message = Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString());
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, default);
        }
        finally
        {
            _sending.Release();
        }
        var said = await answer.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return said["error"] is { } error ? throw new InvalidOperationException($"{method}: {error["message"]}") : said["result"]!;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), default);
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                {
                    continue;
                }
                var said = JsonNode.Parse(message.GetBuffer().AsSpan(0, (int)message.Length))!;
                message.SetLength(0);
                if ((int?)said["id"] is { } id)
                {
                    _asked.TryRemove(id, out var answer);
                    answer?.TrySetResult(said);
                }
                else
                {
                    Happened?.Invoke((string)said["method"]!, said["params"]!);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            foreach (var answer in _asked.Values)
            {
                answer.TrySetException(new InvalidOperationException("the browser has gone"));
            }
        }
    }
}
