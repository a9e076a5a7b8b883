using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry.AccessLogs;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>
/// Sends spans and lines of access logs to one collector, many at a time. Traffic never waits for it: what comes while its queue is full is dropped, and so is
/// what the collector does not take after some tries; both are counted.
/// </summary>
internal sealed partial class OtlpExporter(OtlpCollector collector, OtlpTransport transport, TelemetryMetrics metrics, TimeProvider time, ILogger<OtlpExporter> logger) : IAccessLogSink, ISpanSink
{
    /// <summary>Records that wait at most.</summary>
    public const int Capacity = 8192;

    private const int Together = 512;
    private const int Tries = 3;
    private const string Sink = "collector";

    // Not each by itself: whoever watches traces does not mind a second.
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1);

    private readonly Channel<(TrafficRecord Record, bool IsSpan)> _queue = Channel.CreateBounded<(TrafficRecord, bool)>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private bool _hasFailed;

    public void Start() => _ = RunAsync();

    void IAccessLogSink.Write(AccessLogEntry log, TrafficRecord record)
    {
        if (!_queue.Writer.TryWrite((record, false)))
        {
            metrics.Dropped(Sink, "full");
        }
    }

    void ISpanSink.Write(TrafficRecord record)
    {
        if (!_queue.Writer.TryWrite((record, true)))
        {
            metrics.SpansDropped("full", 1);
        }
    }

    private async Task RunAsync()
    {
        var logs = new List<TrafficRecord>();
        var spans = new List<TrafficRecord>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            if (_queue.Reader.Count < Together)
            {
                await Task.Delay(Gathering, time);
            }
            while (logs.Count + spans.Count < Together && _queue.Reader.TryRead(out var next))
            {
                (next.IsSpan ? spans : logs).Add(next.Record);
            }
            await SendAsync(logs, OtlpLog.Of, sent => metrics.Written(Sink, sent), lost => metrics.Dropped(Sink, "failed", lost));
            await SendAsync(spans, OtlpSpans.Of, metrics.SpansSent, lost => metrics.SpansDropped("failed", lost));
        }
    }

    private async Task SendAsync(List<TrafficRecord> records, Func<IEnumerable<TrafficRecord>, IMessage> message, Action<int> sent, Action<int> lost)
    {
        if (records.Count == 0)
        {
            return;
        }
        var count = records.Count;
        try
        {
            var rejected = (int)Math.Min(count, await TryAsync(message(records)));
            sent(count - rejected);
            if (rejected > 0)
            {
                lost(rejected);
            }
            _hasFailed = false;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            lost(count);
            if (!_hasFailed)
            {
                LogFailed(logger, collector.Port.Service, collector.Port.Port, exception.Message); // once, not each time
            }
            _hasFailed = true;
        }
        records.Clear();
    }

    private async Task<long> TryAsync(IMessage message)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await transport.SendAsync(message, CancellationToken.None);
            }
            catch (IOException) when (attempt < Tries && !_hasFailed)
            {
                await Task.Delay(Gathering * attempt, time);
            }
        }
    }

    [LoggerMessage(EventName = "CollectorFailed", Level = LogLevel.Warning, Message = "Collector {Service}:{Port} does not take what policies send it, which is lost until it does: {Error}")]
    private static partial void LogFailed(ILogger logger, string service, uint port, string error);
}
