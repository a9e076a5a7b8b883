using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.CniChain;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Pods;
using NodeMesh.Agent.Reporting;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Rollouts;
using NodeMesh.Agent.Serving;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Agent.Supervision;

namespace NodeMesh.Agent;

/// <summary>
/// The agent of one node: resources in, capture, proxy and snapshot out. All of its state is the control loop's; the channels
/// and the timers only post to it.
/// </summary>
internal sealed partial class NodeAgent : IProxyEvents, INodeView
{
    private static readonly TimeSpan BeatInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly AgentOptions _options;
    private readonly ICapture _capture;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly ControlLoop _loop = new();
    private readonly SnapshotPublisher _publisher = new();
    private readonly ProxySessions _sessions = new();
    private readonly TapHub _taps = new();
    private readonly IProxySupervisor _proxies;
    private readonly PodReconciler _pods;
    private readonly PodAttachments _attachments;
    private readonly CniRequests _cni;
    private readonly ChainInstaller? _chain;
    private readonly IncrementalCompiler _compiler;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RolloutDriver _rollouts;
    private readonly RolloutCycle _rolloutCycle;
    private readonly INodeReports? _reports;
    private ResourceSet? _resources;
    private Compilation _compilation = Compilation.Empty;
    private ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> _observed = ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>>.Empty;
    private DateTimeOffset _readAt;
    private bool _orphansReleased;
    private bool _stopping;
    private AgentStatus _status = AgentStatus.Empty;

    /// <param name="reports">null: nobody but the admin port is told.</param>
    public NodeAgent(AgentOptions options, ICapture capture, INodeReports? reports, ILoggerFactory logs, TimeProvider time)
    {
        _reports = reports;
        _options = options;
        _capture = capture;
        _time = time;
        _log = logs.CreateLogger("agent");
        _proxies = options.Proxy is null
            ? new ExternalProxies(options, _sessions, _publisher, Activate, time, logs.CreateLogger("proxies"))
            : new ProxySupervisor(options, _loop, _sessions, _publisher, Activate, time, logs.CreateLogger("proxies"));
        _pods = new PodReconciler(capture, new PodRouting(options.State.Agent), _proxies, options, time, logs.CreateLogger("pods"));
        _attachments = PodAttachments.Load(options.State);
        _cni = new CniRequests(_loop, _attachments, _pods, this, _publisher, _sessions, time, logs.CreateLogger("cni"));
        _chain = options.Chain.BinaryDirectory is null ? null : new ChainInstaller(options.Chain, logs.CreateLogger("cni"));
        _rollouts = new RolloutDriver(reports is null ? new RolloutFile(options.State.Rollouts) : null, time, logs.CreateLogger("rollouts"));
        _rolloutCycle = new RolloutCycle(_rollouts, new BackendReports(_sessions), _loop, this, reports, options.Admin.Port);
        _compiler = new IncrementalCompiler(options.Node, options.OnFailure);
    }

    /// <summary>Serves until <paramref name="stop"/>; then puts everything back, or leaves it for a successor, as the options say.</summary>
    /// <returns>Whether a successor asked for it.</returns>
    /// <exception cref="AgentStartException">It can't serve here.</exception>
    public async Task<bool> RunAsync(IResourceSource source, CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var succeeded = false;
        // What may fail for reasons outside the kernel comes before anything is changed in it.
        var console = new ConsoleServer(ConsoleFiles.Embedded, _options.Console, _options.Node, Status, _log, _time);
        var admin = await new AdminServer(Status, _publisher, _sessions, new AgentMetrics(), new TapEndpoint(_taps, _options.IsTapOpen), new LogLevelEndpoint(_options.LogLevels, _sessions), console, _time)
            .StartAsync(_options.Admin).ConfigureAwait(false);
        _capture.Open();
        var config = await ConfigServer.StartAsync(_options.State.ConfigSocket, _options.ProxyUser, _publisher, _sessions, _taps).ConfigureAwait(false);
        var sockets = new SocketChannel(_options.State.SocketsSocket, _options.ProxyUser, _pods.MakeDialSockets, this, _log);
        _cni.TakeMissed(_options.State);
        var cni = new CniServer(_options.State.CniSocket, _cni.AnswerAsync, _log);
        using var handover = _options.TakeOver ? new Handover(_options.State, Succeed) : null;
        using var upgrade = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _loop.Post(_proxies.Replace);
        });
        using var beat = new Timer(_ => Beat(), null, TimeSpan.Zero, BeatInterval);
        using var check = new Timer(_ => _loop.Post(Check), null, CheckInterval, CheckInterval);

        var loop = _loop.RunAsync(e => LogLoopFailed(e));
        _loop.Post(_proxies.Start);
        using var silence = new CancellationTokenSource();
        var reporting = _reports?.RunAsync(silence.Token) ?? Task.CompletedTask;
        var watching = WatchAsync(source, stopping.Token);
        LogServing(_options.Node, _capture.Mode, _options.Admin.ToString(), _options.Source);

        await Task.Delay(Timeout.Infinite, stopping.Token).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        await watching.ConfigureAwait(false);
        var isKept = succeeded || _options.KeepOnStop || (_options.WillBeSucceeded is { } ask && await ask().ConfigureAwait(false));
        if (!isKept)
        {
            _chain?.RemoveConfiguration();
        }
        cni.Dispose();
        await StopAsync(isKept).ConfigureAwait(false);
        _loop.Stop();
        await loop.ConfigureAwait(false);
        await silence.CancelAsync().ConfigureAwait(false);
        await reporting.ConfigureAwait(false);
        await beat.DisposeAsync().ConfigureAwait(false);
        await _rolloutCycle.EndAsync().ConfigureAwait(false);
        await admin.DisposeAsync().ConfigureAwait(false);
        await config.DisposeAsync().ConfigureAwait(false);
        // The sockets go before the lock does: a successor makes its own in their places.
        sockets.Dispose();
        handover?.Dispose();
        if (isKept)
        {
            _options.State.Unlock();
        }
        else
        {
            _capture.Close();
            _chain?.RemoveBinary();
            _options.State.Remove();
        }
        LogStopped();
        return succeeded;

        void Succeed()
        {
            succeeded = true;
            stopping.Cancel();
        }
    }

    private void Activate(ProxyLink link)
    {
        link.Welcome(_options.Node, _capture.HeartbeatPage);
        _pods.Announce(link);
        Publish();
    }

    // The versions as they are at this moment: an applied snapshot must not look stale until the next look at the pods.
    private AgentStatus Status() => Volatile.Read(ref _status) with
    {
        ConfigVersion = _publisher.Current.Version,
        ProxyConfigVersion = _sessions.Applied,
    };

    ResourceSet? INodeView.Resources => _resources;

    ImmutableSortedDictionary<string, LocalPod> INodeView.LocalPods => _compilation.LocalPods;

    ImmutableSortedDictionary<string, CompiledRollout> INodeView.Rollouts => _compilation.Rollouts;

    bool INodeView.IsStopping => _stopping;

    void INodeView.Apply() => Apply();

    void IProxyEvents.Connected(ProxyLink link) => _loop.Post(() => _proxies.Connected(link));

    void IProxyEvents.PodDrained(ProxyLink link, ulong netns) => _loop.Post(() => _pods.Drained(link, netns));

    void IProxyEvents.Disconnected(ProxyLink link) => _loop.Post(() =>
    {
        _proxies.Disconnected(link);
        _pods.Disconnected(link);
    });

    private async Task WatchAsync(IResourceSource source, CancellationToken stop)
    {
        try
        {
            await foreach (var resources in source.WatchAsync(stop).ConfigureAwait(false))
            {
                _loop.Post(() =>
                {
                    _resources = resources;
                    Apply();
                });
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Apply()
    {
        if (_stopping || _resources is null)
        {
            return;
        }
        Compile();
        _pods.Reconcile([.. _compilation.LocalPods.Values]);
        // Pods that don't declare their addresses are known by what their namespaces hold.
        Compile();
        if (!_orphansReleased)
        {
            _orphansReleased = true;
            _pods.ReleaseOrphans();
        }
        Publish();
    }

    private void Compile()
    {
        var before = _compilation.Problems;
        _observed = _pods.ObservedAddresses();
        _compilation = _compiler.Compile(_rollouts.Place(_attachments.Place(_resources!)), _observed);
        foreach (var problem in _compilation.Problems.Except(before))
        {
            LogProblem(problem.ToString());
        }
        var now = _publisher.Current;
        if (now.Version == 0 || !SnapshotDiff.IsEmpty(SnapshotDiff.Delta(now.Content, _compilation.Content)))
        {
            _publisher.Publish(now.Version + 1, _compilation.Content);
        }
    }

    private void Check()
    {
        if (_stopping)
        {
            if (!_pods.IsReleasing)
            {
                _released.TrySetResult();
            }
            _pods.Check();
            return;
        }
        if (_resources is null)
        {
            return;
        }
        if (_resources.IsCurrent)
        {
            _readAt = _time.GetUtcNow();
        }
        if (_cni.TakeMissed(_options.State))
        {
            Apply();
        }
        _pods.Check();
        if (_pods.HasProxy)
        {
            // Not before: from here on pods wait for this agent's answer.
            _chain?.Ensure();
        }
        if (!SameAddresses(_pods.ObservedAddresses(), _observed))
        {
            Compile();
        }
        _rolloutCycle.Look();
        Publish();
    }

    private void Beat()
    {
        _capture.Beat();
        _loop.Post(() => _proxies.Tick(_capture.LastProxyBeat()));
    }

    private async Task StopAsync(bool isKept)
    {
        if (isKept)
        {
            _loop.Post(() =>
            {
                _stopping = true;
                _proxies.Leave();
                _released.TrySetResult();
            });
            await _released.Task.ConfigureAwait(false);
            return;
        }

        _loop.Post(() =>
        {
            _stopping = true;
            _pods.ReleaseAll();
            Report(released: true);
            if (!_pods.IsReleasing)
            {
                _released.TrySetResult();
            }
        });
        await _released.Task.ConfigureAwait(false);
        await _proxies.StopAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(false);
    }

    private void Publish()
    {
        var captured = _pods.Pods.ToDictionary(p => p.Wanted.Id);
        var problems = _compilation.Problems.Select(p => new ProblemStatus(p.Kind, p.Id, p.Reason, p.ToString()))
            .Concat(_pods.Pods.Where(p => p.Problem is not null).Select(p => new ProblemStatus("Pod", p.Wanted.Id, p.Problem!, string.Join("; ", p.Missing))));
        if (_chain is { Problem.Length: > 0 })
        {
            problems = problems.Append(new ProblemStatus("Node", _options.Node, "CniChain", _chain.Problem));
        }
        Volatile.Write(ref _status, new AgentStatus
        {
            CaptureMode = _capture.Mode,
            Pods = [.. _compilation.LocalPods.Values.Select(p => PodStatus.Of(p, captured.GetValueOrDefault(p.Id), _capture))],
            Problems = [.. problems],
            Routes = [.. _compilation.RouteStatuses.Values],
            Policies = [.. _compilation.PolicyStatuses.Values],
            Rollouts = [.. _compilation.Rollouts.Values.Select(rollout => RolloutView.Of(rollout, _rollouts.StatusOf(rollout)))],
            ConfigVersion = _publisher.Current.Version,
            ProxyConfigVersion = _sessions.Applied,
            ProxyPid = _proxies.Pid,
            ProxyRestarts = _proxies.Restarts,
            ConfigReadAt = _readAt,
        });
        Report(released: false);
    }

    private void Report(bool released)
    {
        if (_reports is null || _resources is null)
        {
            return;
        }
        _reports.Publish([.. _compilation.Rollouts.Values.Select(rollout => (rollout, _rollouts.StatusOf(rollout)))]);
        var pods = _status.Pods;
        _reports.Publish(new NodeReport(
            _capture.Mode, released ? [.. pods.Select(pod => pod with { Enrolled = false, Captured = false })] : pods, _resources.Pods, _compilation.RouteStatuses,
            _compilation.PolicyStatuses, [.. _cni.StartedUnmeshed.Select(pod => (pod.PodId, pod.PodUid))]));
    }

    private static bool SameAddresses(ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> a, ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> b) =>
        a.Count == b.Count && a.Zip(b).All(p => p.First.Key == p.Second.Key && p.First.Value.SequenceEqual(p.Second.Value));

    [LoggerMessage(Level = LogLevel.Information, EventName = "AgentServing", Message = "node {Node}: capture by {Mode}, admin on {Admin}, resources from {Resources}")]
    private partial void LogServing(string node, string mode, string admin, string resources);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "ResourceProblem", Message = "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(Level = LogLevel.Error, EventName = "ControlLoopFailed", Message = "an unexpected failure in the control loop; the agent goes on")]
    private partial void LogLoopFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Information, EventName = "AgentStopped", Message = "stopped")]
    private partial void LogStopped();
}
