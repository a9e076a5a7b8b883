using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Telemetry.Otlp;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>The sinks that access logs write to, each made when it is first needed. They stay: policies come back, and a thread that waits costs little.</summary>
/// <param name="collectors">For lines that go to one.</param>
/// <param name="directory">Of files; null: the proxy was given none, and lines for files are lost.</param>
internal sealed class AccessLogSinks(string? directory, OtlpExporters collectors, TelemetryMetrics metrics, ILoggerFactory loggers)
{
    private const int StandardOutput = 1;

    // Whoever may write policies must not have the proxy open any number of files.
    private const int MaxFiles = 64;

    private readonly ConcurrentDictionary<string, (IAccessLogSink Lines, AppendFile File)> _files = new(StringComparer.Ordinal);
    private readonly Lock _making = new();
    private readonly ILogger _logger = loggers.CreateLogger("NodeMesh.Proxy.AccessLog");
    private IAccessLogSink? _stdout;
    private IAccessLogSink? _refused;

    /// <summary>null: there are too many collectors already.</summary>
    public IAccessLogSink? For(AccessLogEntry log)
    {
        if (log.Rules.Collector is { } collector)
        {
            return collectors.For(collector);
        }
        if (log.Rules.File is { Length: > 0 } name)
        {
            if (!_files.TryGetValue(name, out var known) && !TryMakeFile(name, out known))
            {
                return _refused;
            }
            known.File.MaxBytes = (long)log.Rules.MaxFileBytes; // where several policies have one file, that of the one whose line came last
            return known.Lines;
        }
        return _stdout ?? NewStdout();
    }

    private IAccessLogSink NewStdout()
    {
        lock (_making)
        {
            return _stdout ??= Started(new LineSink("stdout", "stdout", bytes => AppendFile.WriteAll(StandardOutput, bytes, "stdout"), metrics, _logger));
        }
    }

    private bool TryMakeFile(string name, out (IAccessLogSink Lines, AppendFile File) made)
    {
        lock (_making)
        {
            if (_files.TryGetValue(name, out made))
            {
                return true;
            }
            if (directory is null || _files.Count >= MaxFiles)
            {
                var problem = directory is null ? "the agent was given no --access-log-dir" : $"there are {MaxFiles} of them already";
                _refused ??= Started(new LineSink("file", name, _ => throw new IOException(problem), metrics, _logger));
                return false;
            }
            var file = new AppendFile(Path.Combine(directory, Path.GetFileName(name)));
            _files[name] = made = (Started(new LineSink("file", name, file.Write, metrics, _logger)), file);
            return true;
        }
    }

    private static LineSink Started(LineSink sink)
    {
        sink.Start();
        return sink;
    }
}
