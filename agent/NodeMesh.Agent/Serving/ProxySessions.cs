using System.Text;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using Prometheus;

namespace NodeMesh.Agent.Serving;

/// <summary>The proxies on config.sock; more than one only during an upgrade. The one named as <see cref="Preferred"/> counts, else the newest.</summary>
internal sealed class ProxySessions
{
    private static readonly TimeSpan ScrapeLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly List<ProxySession> _sessions = [];
    private readonly List<ProxyReporter> _reporters = [];

    /// <summary>The proxy that serves, where another may be standing by.</summary>
    public int? Preferred { get; set; }

    /// <summary>The snapshot version in force in the proxy that counts; null when it is not there.</summary>
    public ulong? Applied
    {
        get
        {
            lock (_lock)
            {
                return (Preferred is { } pid ? _sessions.FindLast(s => s.Pid == pid) : _sessions.LastOrDefault())?.Applied;
            }
        }
    }

    /// <summary>What a given proxy has in force; null when it does not watch.</summary>
    public ulong? AppliedBy(int pid)
    {
        lock (_lock)
        {
            return _sessions.FindLast(s => s.Pid == pid)?.Applied;
        }
    }

    /// <summary>Its metrics as text; empty when it does not answer in time.</summary>
    public async Task<string> MetricsAsync(ExpositionFormat format)
    {
        if (Reporter() is not { } reporter)
        {
            return "";
        }
        try
        {
            var body = await reporter.AskAsync(format == ExpositionFormat.OpenMetricsText ? ReportQuestion.Types.Kind.OpenMetrics : ReportQuestion.Types.Kind.Metrics, ScrapeLimit).ConfigureAwait(false);
            return Encoding.UTF8.GetString(body.Span);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return "";
        }
    }

    /// <summary>How the backends of measured rules do; null when it does not answer in time.</summary>
    public async Task<(int Pid, BackendReport Report)?> BackendsAsync()
    {
        if (Reporter() is not { } reporter)
        {
            return null;
        }
        try
        {
            return (reporter.Pid, BackendReport.Parser.ParseFrom(await reporter.AskAsync(ReportQuestion.Types.Kind.Backends, ScrapeLimit).ConfigureAwait(false)));
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or Google.Protobuf.InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>False: it has not answered in time.</summary>
    public async Task<bool> SetLogLevelAsync(LogLevel level, int seconds)
    {
        try
        {
            if (Reporter() is { } reporter)
            {
                await reporter.AskAsync(new ReportQuestion { Kind = ReportQuestion.Types.Kind.LogLevel, LogLevel = level.ToString(), LogLevelSeconds = (uint)seconds }, ScrapeLimit).ConfigureAwait(false);
                return true;
            }
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // As if there were none.
        }
        return false;
    }

    public ProxySession Open(int pid, string version)
    {
        var session = new ProxySession(pid, version);
        lock (_lock)
        {
            _sessions.Add(session);
        }
        return session;
    }

    public void Close(ProxySession session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
        }
    }

    public ProxyReporter OpenReporter(int pid)
    {
        var reporter = new ProxyReporter(pid);
        lock (_lock)
        {
            _reporters.Add(reporter);
        }
        return reporter;
    }

    public void CloseReporter(ProxyReporter reporter)
    {
        lock (_lock)
        {
            _reporters.Remove(reporter);
        }
    }

    private ProxyReporter? Reporter()
    {
        lock (_lock)
        {
            return Preferred is { } pid ? _reporters.FindLast(r => r.Pid == pid) : _reporters.LastOrDefault();
        }
    }
}
