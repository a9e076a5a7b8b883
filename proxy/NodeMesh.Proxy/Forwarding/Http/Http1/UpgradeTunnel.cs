using System.Buffers;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>Both ways of a connection after 101 (Switching Protocols): WebSocket or anything else.</summary>
internal static class UpgradeTunnel
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Sends the head of the response, then copies until the upstream has ended, which hears of the downstream's end.</summary>
    public static async Task RunAsync(HttpExchange exchange, Http1Connection connection)
    {
        await using var downstream = await exchange.Feature<IHttpUpgradeFeature>()!.UpgradeAsync();
        await using var upstream = connection.OpenStream();
        if (!connection.Unread.IsEmpty)
        {
            await downstream.WriteAsync(connection.UnreadMemory);
            await downstream.FlushAsync();
        }
        connection.End();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(exchange.Connection.Gone);
        var record = exchange.Record;
        var there = CopyAsync(downstream, upstream, record is null ? null : record.Received, over.Token);
        var back = CopyAsync(upstream, downstream, record is null ? null : record.Sent, over.Token);
        if (await Task.WhenAny(there, back) == there && there.IsCompletedSuccessfully && connection.CanEndOneWay)
        {
            connection.RequestIsSent();
            connection.EndAfterRequest();
            await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await over.CancelAsync();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task CopyAsync(Stream from, Stream to, Action<long>? count, CancellationToken cancellation)
    {
        while (true)
        {
            // Without a buffer: none is held while nothing is said, and a WebSocket says nothing most of its life.
            await from.ReadAsync(Memory<byte>.Empty, cancellation);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                var read = await from.ReadAsync(buffer, cancellation);
                if (read == 0)
                {
                    return;
                }
                count?.Invoke(read);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
                await to.FlushAsync(cancellation);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
