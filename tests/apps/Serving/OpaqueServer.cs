using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace NodeMesh.TestApp.Serving;

/// <summary>
/// A protocol of its own, which is no HTTP. The first line says what the connection is for:
/// <code>
/// echo                  one line of JSON (what was seen), then every byte back, until the client's FIN
/// sink                  reads to the client's FIN, then answers one line of JSON (bytes, sha256): half-close by the client
/// bye TOKEN             says "bye", half-closes, goes on reading to the client's FIN; kept under TOKEN
/// watch TOKEN           answers "ok", reads until the connection ends; how is kept under TOKEN
/// ask TOKEN             one line of JSON: what is kept under TOKEN
/// bulk UP DOWN SEED     takes UP bytes of stream SEED while it sends DOWN bytes of stream SEED+1, then answers "ok"
/// flood                 sends until the client is gone
/// reset                 answers "ok", then resets
/// </code>
/// </summary>
internal sealed class OpaqueServer(string name)
{
    private readonly ConcurrentDictionary<string, Seen> _kept = new();

    public async Task ServeAsync(Socket socket)
    {
        var seen = Seen.Of(name, socket);
        await using var stream = new NetworkStream(socket);
        var words = (await stream.ReadLineAsync(default))?.Split(' ');
        switch (words)
        {
            case ["echo"]:
                await stream.WriteLineAsync(Arguments.ToJson(seen), default);
                await stream.CopyToAsync(stream);
                break;
            case ["sink"]:
                await stream.WriteLineAsync(Arguments.ToJson(await DrainAsync(stream, seen)), default);
                break;
            case ["bye", var token]:
                await stream.WriteLineAsync("bye", default);
                socket.Shutdown(SocketShutdown.Send);
                _kept[token] = (await DrainAsync(stream, seen)) with { Ending = "fin" };
                break;
            case ["watch", var token]:
                _kept[token] = seen;
                await stream.WriteLineAsync("ok", default);
                _kept[token] = await WatchAsync(stream, seen);
                break;
            case ["ask", var token]:
                await stream.WriteLineAsync(Arguments.ToJson(_kept.GetValueOrDefault(token, seen)), default);
                break;
            case ["bulk", var up, var down, var seed]:
                await BulkAsync(stream, Number(up), Number(down), (int)Number(seed));
                break;
            case ["flood"]:
                await new SeededBytes(1).SendAsync(stream, long.MaxValue, default);
                break;
            case ["reset"]:
                await stream.WriteLineAsync("ok", default);
                socket.LingerState = new LingerOption(true, 0);
                break;
            default:
                break;
        }
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);

    private static async Task BulkAsync(NetworkStream stream, long up, long down, int seed)
    {
        await Task.WhenAll(
            new SeededBytes(seed).ExpectAsync(stream, up, default),
            new SeededBytes(seed + 1).SendAsync(stream, down, default));
        await stream.WriteLineAsync("ok", default);
    }

    private static async Task<Seen> DrainAsync(NetworkStream stream, Seen seen)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[SeededBytes.Block];
        long bytes = 0;
        for (int got; (got = await stream.ReadAsync(buffer)) > 0; bytes += got)
        {
            hash.AppendData(buffer, 0, got);
        }
        return seen with { Bytes = bytes, Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()) };
    }

    private static async Task<Seen> WatchAsync(NetworkStream stream, Seen seen)
    {
        try
        {
            return await DrainAsync(stream, seen) with { Ending = "fin" };
        }
        catch (IOException)
        {
            return seen with { Ending = "reset" };
        }
    }
}
