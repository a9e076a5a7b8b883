using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Serving;

namespace NodeMesh.Agent.Supervision;

/// <summary>
/// Proxies that somebody else starts and restarts: in Kubernetes the kubelet, as a container beside the agent's. One of those
/// that connect serves: that of this agent's own instance rather than another's, and the newer rather than the older. During an
/// upgrade the old one serves until the new one has the current snapshot, and drains then. The others stand by.
/// </summary>
internal sealed partial class ExternalProxies(
    AgentOptions options, ProxySessions sessions, SnapshotPublisher publisher, Action<ProxyLink> activate, TimeProvider time, ILogger log) : IProxySupervisor
{
    private static readonly TimeSpan StandstillLimit = TimeSpan.FromSeconds(3);

    private readonly List<ProxyLink> _links = [];
    private readonly List<ProxyLink> _active = [];
    private ProxyLink? _current;
    private long _startedAt;
    private bool _stoodStill;

    public int Restarts { get; private set; }

    public int? Pid => _current?.Pid;

    public IEnumerable<ProxyLink> Serving => _active.Where(l => l.IsServing);

    public void Start()
    {
        // They come by themselves.
    }

    public void Connected(ProxyLink link)
    {
        _links.Add(link);
        LogConnected(link.Pid, link.Version, link.Instance);
        Consider();
    }

    public void Disconnected(ProxyLink link)
    {
        _links.Remove(link);
        _active.Remove(link);
        if (link == _current)
        {
            LogGone(link.Pid, link.Instance);
            Restarts++;
            Use(Serving.FirstOrDefault());
        }
        Consider();
    }

    /// <summary>Not for the agent to do: a rolling update of the DaemonSet does it.</summary>
    public void Replace()
    {
    }

    public void Tick(long? lastBeatNanoseconds)
    {
        HandOver();
        var isStill = _current is not null && time.GetElapsedTime(_startedAt) > StandstillLimit && lastBeatNanoseconds is { } beat
            && System.Diagnostics.Stopwatch.GetTimestamp() * (1e9 / System.Diagnostics.Stopwatch.Frequency) - beat > StandstillLimit.TotalNanoseconds;
        if (isStill && !_stoodStill)
        {
            LogStandstill(_current!.Pid);
        }
        _stoodStill = isStill;
    }

    /// <summary>Whoever started them ends them.</summary>
    public Task StopAsync(TimeSpan limit) => Task.CompletedTask;

    public void Leave()
    {
    }

    /// <summary>Puts the best of the proxies to work, beside the one that serves until it is ready.</summary>
    private void Consider()
    {
        if (Best(_links) is not { } best)
        {
            return;
        }
        if (!_active.Contains(best))
        {
            _active.Add(best);
            if (_current is null)
            {
                Use(best);
            }
            activate(best);
        }
        // Those that serve connections of an earlier agent's are to drain, too.
        _active.AddRange(_links.Where(l => l is { IsServing: true, HasPods: true } && !_active.Contains(l)));
    }

    private void HandOver()
    {
        // Version 0: the resources are not read yet, and no proxy knows of any pod.
        if (Best(_active) is not { } best || publisher.Current.Version == 0 || sessions.AppliedBy(best.Pid) != publisher.Current.Version)
        {
            return;
        }
        if (best != _current)
        {
            Use(best);
        }
        foreach (var old in _active.Where(l => l.IsServing && l != best))
        {
            LogReplaced(old.Pid, best.Pid);
            try
            {
                old.Drain(options.Drain);
            }
            catch (IOException)
            {
                // It is gone already.
            }
        }
    }

    private ProxyLink? Best(IEnumerable<ProxyLink> links) => links.Where(l => l.IsServing)
        .OrderByDescending(l => l.Instance == options.Instance).ThenByDescending(l => l.Started).FirstOrDefault();

    private void Use(ProxyLink? link)
    {
        _current = link;
        _startedAt = time.GetTimestamp();
        sessions.Preferred = link?.Pid;
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "ProxyConnected", Message = "proxy {Proxy} (version {Version}, instance {Instance}) connected")]
    private partial void LogConnected(int proxy, string version, string instance);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "ProxyGone", Message = "the proxy {Proxy} (instance {Instance}) is gone; new connections wait in the backlog for the next")]
    private partial void LogGone(int proxy, string instance);

    [LoggerMessage(Level = LogLevel.Information, EventName = "ProxyReplaced", Message = "proxy {Old} drains, {New} serves")]
    private partial void LogReplaced(int old, int @new);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxyStandstill", Message = "proxy {Proxy} stands still (no heartbeat for 3 s)")]
    private partial void LogStandstill(int proxy);
}
