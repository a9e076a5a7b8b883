using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Serving;

namespace NodeMesh.Agent.Supervision;

/// <summary>
/// Keeps one proxy serving: starts it, starts it again when it dies, kills it when it stands still, and replaces it without a
/// gap on request. Everything runs on the control loop.
/// </summary>
internal sealed partial class ProxySupervisor(
    AgentOptions options, ControlLoop loop, ProxySessions sessions, SnapshotPublisher publisher, Action<ProxyLink> activate, TimeProvider time, ILogger log) : IProxySupervisor
{
    private static readonly TimeSpan StandstillLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(15);

    // Restarts wait 0, 0.1, 0.2 … 1 s while the proxy keeps dying young: a first death costs no time at all.
    private static readonly TimeSpan YoungAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CannotStartWait = TimeSpan.FromSeconds(2);

    private readonly Dictionary<int, ProxyLink> _links = [];
    private readonly List<ProxyProcess> _draining = [];
    private ProxyProcess? _current;
    private ProxyProcess? _next;
    private long _startedAt;
    private int _youngDeaths;
    private bool _stopping;

    public int Restarts { get; private set; }

    public int? Pid => _current?.Identity.Pid;

    public IEnumerable<ProxyLink> Serving => _links.Values.Where(l => l.IsServing);

    public void Start()
    {
        if (ProxyProcess.Adopt(options.State.ProxyPid) is { } running)
        {
            LogAdopted(running.Identity.Pid);
            Watch(running);
        }
        else
        {
            Launch();
        }
    }

    public void Connected(ProxyLink link)
    {
        _links[link.Pid] = link;
        LogConnected(link.Pid, link.Version);
        activate(link);
    }

    public void Disconnected(ProxyLink link)
    {
        if (_links.TryGetValue(link.Pid, out var known) && known == link)
        {
            _links.Remove(link.Pid);
        }
    }

    public void Replace()
    {
        if (_next is null && _current is not null && !_stopping && TrySpawn() is { } next)
        {
            _next = next;
            LogReplacing(_current.Identity.Pid, next.Identity.Pid);
        }
    }

    public void Tick(long? lastBeatNanoseconds)
    {
        if (_stopping)
        {
            return;
        }
        HandOver();
        if (_current is null)
        {
            return;
        }

        var age = time.GetElapsedTime(_startedAt);
        var linked = _links.ContainsKey(_current.Identity.Pid);
        if (!linked && age > StartLimit)
        {
            LogSilent(_current.Identity.Pid);
            _current.Kill();
        }
        else if (linked && _next is null && age > StartLimit && lastBeatNanoseconds is { } beat && MonotonicNanoseconds() - beat > StandstillLimit.TotalNanoseconds)
        {
            LogStandstill(_current.Identity.Pid);
            _current.Kill();
        }
    }

    public async Task StopAsync(TimeSpan limit)
    {
        _stopping = true;
        foreach (var process in _draining.Concat(new[] { _current, _next }.OfType<ProxyProcess>()).ToList())
        {
            process.Terminate();
            await Task.WhenAny(process.Exited, Task.Delay(limit)).ConfigureAwait(false);
            process.Kill();
            await process.Exited.ConfigureAwait(false);
        }
        File.Delete(options.State.ProxyPid);
    }

    public void Leave() => _stopping = true;

    private static double MonotonicNanoseconds() => System.Diagnostics.Stopwatch.GetTimestamp() * (1e9 / System.Diagnostics.Stopwatch.Frequency);

    private void Launch()
    {
        if (TrySpawn() is { } process)
        {
            Watch(process);
            return;
        }
        LaunchAfter(CannotStartWait);
    }

    private ProxyProcess? TrySpawn()
    {
        try
        {
            var executable = ProxyExecutable.Reachable(options.Proxy!, options.State, options.ProxyUser);
            return ProxyProcess.Start(executable, options.ProxyUser, options.State.Proxy, options.AccessLogs);
        }
        catch (Exception e) when (e is AgentStartException or IOException or UnauthorizedAccessException)
        {
            LogCannotStart(e.Message);
            return null;
        }
    }

    private void Watch(ProxyProcess process)
    {
        _current = process;
        _startedAt = time.GetTimestamp();
        process.Identity.Save(options.State.ProxyPid);
        _ = process.Exited.ContinueWith(_ => loop.Post(() => Exited(process)), TaskScheduler.Default);
    }

    private void HandOver()
    {
        if (_next is not { } next)
        {
            return;
        }
        if (!next.Identity.IsAlive)
        {
            LogReplacementDied(next.Identity.Pid);
            _next = null;
        }
        else if (_links.ContainsKey(next.Identity.Pid) && sessions.AppliedBy(next.Identity.Pid) == publisher.Current.Version)
        {
            var old = _current!;
            _next = null;
            _draining.Add(old);
            Watch(next);
            if (_links.TryGetValue(old.Identity.Pid, out var link))
            {
                link.Drain(options.Drain);
            }
        }
    }

    private void Exited(ProxyProcess process)
    {
        _draining.Remove(process);
        if (_stopping || process != _current)
        {
            return;
        }

        _youngDeaths = time.GetElapsedTime(_startedAt) < YoungAge ? Math.Min(_youngDeaths + 1, 11) : 1;
        var wait = TimeSpan.FromMilliseconds(100 * (_youngDeaths - 1));
        LogDied(process.Identity.Pid, wait.TotalMilliseconds);
        _current = null;
        Restarts++;
        if (_next is { } next)
        {
            _next = null;
            Watch(next);
            return;
        }
        LaunchAfter(wait);
    }

    private void LaunchAfter(TimeSpan wait) => Task.Delay(wait).ContinueWith(_ => loop.Post(LaunchUnlessStopping), TaskScheduler.Default);

    private void LaunchUnlessStopping()
    {
        if (!_stopping && _current is null)
        {
            Launch();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxyCannotStart", Message = "{Problem}")]
    private partial void LogCannotStart(string problem);

    [LoggerMessage(Level = LogLevel.Information, EventName = "ProxyAdopted", Message = "took over the running proxy {Pid} of an earlier agent")]
    private partial void LogAdopted(int pid);

    [LoggerMessage(Level = LogLevel.Information, EventName = "ProxyConnected", Message = "proxy {Pid} (version {Version}) connected")]
    private partial void LogConnected(int pid, string version);

    [LoggerMessage(Level = LogLevel.Information, EventName = "ProxyReplacing", Message = "replacing proxy {Old} by {New}")]
    private partial void LogReplacing(int old, int @new);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxyReplacementDied", Message = "the new proxy {Pid} died before it served; the old one goes on")]
    private partial void LogReplacementDied(int pid);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxyDied", Message = "proxy {Pid} died; the next starts in {Wait} ms, new connections wait in the backlog")]
    private partial void LogDied(int pid, double wait);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxySilent", Message = "proxy {Pid} did not connect to the agent; killing it")]
    private partial void LogSilent(int pid);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ProxyStandstill", Message = "proxy {Pid} stands still (no heartbeat for 3 s); killing it")]
    private partial void LogStandstill(int pid);
}
