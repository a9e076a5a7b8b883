using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>
/// Lines of text, for a file or stdout: written by a thread of its own, which alone waits when they are not taken. Lines that come meanwhile queue up,
/// and beyond a bound are dropped.
/// </summary>
/// <param name="kind">stdout or file: the metrics' label.</param>
/// <param name="write">May block; throws <see cref="IOException"/> when nothing can be written.</param>
internal sealed partial class LineSink(string kind, string name, Action<ReadOnlySpan<byte>> write, TelemetryMetrics metrics, ILogger logger) : IAccessLogSink
{
    /// <summary>Lines that wait at most.</summary>
    public const int Capacity = 8192;

    // What a pipe takes whole: two processes that write to one do not cut each other's lines.
    private const int Together = 4096;

    private readonly Channel<(AccessLogEntry Log, TrafficRecord Record)> _queue = Channel.CreateBounded<(AccessLogEntry, TrafficRecord)>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private bool _hasFailed;

    public void Start() => new Thread(Run) { IsBackground = true, Name = $"access log {kind}" }.Start();

    public void Write(AccessLogEntry log, TrafficRecord record)
    {
        if (!_queue.Writer.TryWrite((log, record)))
        {
            metrics.Dropped(kind, "full");
        }
    }

    private void Run()
    {
        var line = new StringBuilder();
        var ready = new MemoryStream();
        var lines = 0;
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var next))
            {
                line.Clear();
                next.Log.Format.Write(next.Record, line);
                var bytes = Encoding.UTF8.GetBytes(line.Append('\n').ToString());
                if (ready.Length + bytes.Length > Together)
                {
                    Send(ready, ref lines);
                }
                ready.Write(bytes);
                lines++;
            }
            Send(ready, ref lines);
        }
    }

    private void Send(MemoryStream ready, ref int lines)
    {
        if (lines == 0)
        {
            return;
        }
        try
        {
            write(ready.GetBuffer().AsSpan(0, (int)ready.Length));
            metrics.Written(kind, lines);
            _hasFailed = false;
        }
        catch (IOException exception)
        {
            metrics.Dropped(kind, "failed", lines);
            if (!_hasFailed)
            {
                LogFailed(logger, name, exception.Message); // once, not for every line
            }
            _hasFailed = true;
        }
        ready.SetLength(0);
        lines = 0;
    }

    [LoggerMessage(EventName = "AccessLogFailed", Level = LogLevel.Warning, Message = "Lines of the access log {Name} are lost until it can be written: {Error}")]
    private static partial void LogFailed(ILogger logger, string name, string error);
}
