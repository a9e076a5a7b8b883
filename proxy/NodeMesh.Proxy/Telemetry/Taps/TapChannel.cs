using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry.AccessLogs;

namespace NodeMesh.Proxy.Telemetry.Taps;

/// <summary>The proxy's end of the call Taps: opens and closes taps as the agent says, and sends what they tell. When the call ends so do they.</summary>
internal sealed class TapChannel(TapTable taps, ProxyIdentity identity, TimeProvider time)
{
    // The agent takes them as fast as gRPC does; what is more is left out.
    private const int Queued = 512;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Runs until the call ends.</summary>
    public async Task RunAsync(Node.NodeClient node, Action succeeded, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = node.Taps(cancellationToken: over.Token);
        var queue = Channel.CreateBounded<(Tap Tap, TrafficRecord? Record)>(Queued);
        await call.RequestStream.WriteAsync(new TapEvent { Pid = identity.Id }, over.Token);
        var sending = SendAsync(call.RequestStream, queue.Reader, over.Token);
        var counting = TellLeftOutAsync(queue.Writer, over.Token);
        try
        {
            await foreach (var order in call.ResponseStream.ReadAllAsync(over.Token))
            {
                succeeded();
                if (order.Start is { } filter)
                {
                    taps.Open(order.Tap, filter, (tap, record) => queue.Writer.TryWrite((tap, record)));
                }
                else
                {
                    taps.Close(order.Tap);
                }
            }
        }
        finally
        {
            taps.CloseAll();
            await over.CancelAsync();
            await Task.WhenAll(sending, counting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SendAsync(IClientStreamWriter<TapEvent> to, ChannelReader<(Tap Tap, TrafficRecord? Record)> queue, CancellationToken over)
    {
        var line = new StringBuilder();
        await foreach (var (tap, record) in queue.ReadAllAsync(over))
        {
            line.Clear();
            if (record is not null)
            {
                AccessLogFormat.Json.Write(record, line);
            }
            await to.WriteAsync(new TapEvent { Tap = tap.Id, Json = ByteString.CopyFromUtf8(line.ToString()), LeftOut = tap.TakeLeftOut() }, over);
        }
    }

    // Also when nothing more is told: the watcher of a flood learns of it while it lasts.
    private async Task TellLeftOutAsync(ChannelWriter<(Tap Tap, TrafficRecord? Record)> queue, CancellationToken over)
    {
        using var timer = new PeriodicTimer(Second, time);
        while (await timer.WaitForNextTickAsync(over))
        {
            foreach (var tap in taps.All)
            {
                if (tap.HasLeftOut)
                {
                    queue.TryWrite((tap, null));
                }
            }
        }
    }
}
