using System.Text;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>The proxies on config.sock; more than one only during an upgrade. The newest counts.</summary>
internal sealed class ProxySessions
{
    private static readonly TimeSpan ScrapeLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly List<ProxySession> _sessions = [];
    private readonly List<ProxyReporter> _reporters = [];

    /// <summary>The snapshot version in force in the newest proxy; null when none is there.</summary>
    public ulong? Applied
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count == 0 ? null : _sessions[^1].Applied;
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

    /// <summary>The newest proxy's metrics in the Prometheus text format; empty when it does not answer in time.</summary>
    public async Task<string> MetricsAsync()
    {
        ProxyReporter? reporter;
        lock (_lock)
        {
            reporter = _reporters.Count == 0 ? null : _reporters[^1];
        }
        if (reporter is null)
        {
            return "";
        }
        try
        {
            var body = await reporter.AskAsync(ReportQuestion.Types.Kind.Metrics, ScrapeLimit).ConfigureAwait(false);
            return Encoding.UTF8.GetString(body.Span);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return "";
        }
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

    public ProxyReporter OpenReporter()
    {
        var reporter = new ProxyReporter();
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
}
