using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Kernel;
using NodeMesh.Agent.Serving;
using NodeMesh.Agent.Supervision;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// Makes the pods of this node captured as wanted, and keeps them so. A pod is prepared from the inside out: routes,
/// listeners, the proxy told, and steering last; it is released the other way round, after its connections have ended.
/// Runs on the control loop; only <see cref="MakeDialSockets"/> is called from elsewhere.
/// </summary>
internal sealed partial class PodReconciler
{
    private readonly ICapture _capture;
    private readonly PodRouting _routing;
    private readonly IProxySupervisor _proxies;
    private readonly ILogger _log;
    private readonly Dictionary<string, EnrolledPod> _pods = [];
    private readonly ConcurrentDictionary<ulong, PodSandbox> _sandboxes = [];
    private readonly PodOpener _opener;
    private readonly PodLedger _ledger;
    private readonly PodRelease _release;
    private readonly HashSet<ProxyLink> _settled = [];
    private IReadOnlyCollection<LocalPod> _wanted = [];
    private bool _reconciled;

    public PodReconciler(ICapture capture, PodRouting routing, IProxySupervisor proxies, AgentOptions options, TimeProvider time, ILogger log)
    {
        (_capture, _routing, _proxies, _log) = (capture, routing, proxies, log);
        _opener = new PodOpener(new PodProcesses(time, options.Proc));
        _ledger = PodLedger.Load(options.State);
        _release = new PodRelease(capture, routing, proxies, _sandboxes, _ledger, options.Drain, time, log);
    }

    public IReadOnlyCollection<EnrolledPod> Pods => _pods.Values;

    /// <summary>Whether any proxy would serve a pod that is captured now.</summary>
    public bool HasProxy => _proxies.Serving.Any();

    public bool IsReleasing => _release.IsUnderWay;

    /// <summary>What the pods' namespaces really hold, by pod, for pods that don't declare their addresses.</summary>
    public ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> ObservedAddresses()
    {
        var observed = ImmutableSortedDictionary.CreateBuilder<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal);
        foreach (var pod in _wanted)
        {
            if (_pods.TryGetValue(pod.Id, out var enrolled) && enrolled.Sandbox is { } sandbox)
            {
                observed[pod.Id] = sandbox.Addresses;
            }
            else if (pod.DeclaredAddresses.Count == 0 && PodOpener.TryReadAddresses(pod) is { } found)
            {
                observed[pod.Id] = found;
            }
        }
        return observed.ToImmutable();
    }

    public void Reconcile(IReadOnlyCollection<LocalPod> wanted)
    {
        _wanted = wanted;
        var enrolled = wanted.Where(p => p.Enrolled).ToDictionary(p => p.Id);
        foreach (var id in _pods.Keys.Except(enrolled.Keys).ToList())
        {
            Drop(_pods[id], gone: false);
        }
        foreach (var pod in enrolled.Values)
        {
            if (_pods.TryGetValue(pod.Id, out var known))
            {
                known.Wanted = pod;
            }
            else
            {
                _pods.Add(pod.Id, new EnrolledPod(pod));
            }
        }
        Check();
        _reconciled = true;
        foreach (var link in _proxies.Serving.ToList())
        {
            Settle(link);
        }
    }

    /// <summary>Compares every pod with what the kernel has, and mends it. Called once a second, and after every change.</summary>
    public void Check()
    {
        foreach (var pod in _pods.Values)
        {
            try
            {
                CheckPod(pod);
                pod.Problem = null;
            }
            catch (PodRefusedException e)
            {
                Report(pod, e.Reason, e.Message);
            }
            catch (Exception e) when (e is CaptureException or IOException)
            {
                Report(pod, "CaptureFailed", e.Message);
            }
        }
        _release.Check();
    }

    /// <summary>Releases what a predecessor had captured and nobody wants any more. Once, after the first reconcile.</summary>
    public void ReleaseOrphans()
    {
        // By their namespaces, not by what is captured yet: before its proxy has come back nothing is, and to release a pod that is
        // wanted would break its connections and let new ones go past the mesh.
        var wanted = _pods.Values.SelectMany(pod => _opener.Cookies(pod.Wanted)).ToHashSet();
        foreach (var entry in _ledger.Entries.Where(e => !wanted.Contains(e.Cookie) && !_sandboxes.ContainsKey(e.Cookie)).ToList())
        {
            LogOrphan(entry.Id);
            _release.Orphan(_opener.Reopen(entry));
        }
    }

    /// <summary>Names every pod to a proxy that has just connected.</summary>
    public void Announce(ProxyLink link)
    {
        foreach (var pod in _pods.Values)
        {
            if (pod.Sandbox is { } sandbox && pod.Listeners is { } listeners)
            {
                link.TryTell(_log, l => l.AddPod(sandbox, listeners));
            }
        }
        Check();
        Settle(link);
    }

    // A proxy that outlived an agent drops the pods that were not named when it hears this: not before the resources are known.
    private void Settle(ProxyLink link)
    {
        if (_reconciled && _settled.Add(link))
        {
            link.TryTell(_log, l => l.Settled());
        }
    }

    public void Disconnected(ProxyLink link) => _settled.Remove(link);

    public void Drained(ProxyLink link, ulong netns) => _release.Drained(link, netns);

    public EnrolledPod? Find(string id) => _pods.GetValueOrDefault(id);

    /// <summary>The pod's sandbox is being torn down: nothing of ours may keep its namespace alive.</summary>
    public void SandboxEnds(string id)
    {
        if (_pods.TryGetValue(id, out var pod))
        {
            Drop(pod, gone: true);
        }
    }

    public void ReleaseAll()
    {
        foreach (var pod in _pods.Values.ToList())
        {
            Drop(pod, gone: false);
        }
    }

    /// <summary>Sockets for the proxy to dial from or to a pod. Called from the socket channel's threads.</summary>
    public IReadOnlyList<SafeSocketHandle> MakeDialSockets(ulong netns, SocketKind kind, int count)
    {
        try
        {
            return _sandboxes.TryGetValue(netns, out var sandbox) ? Capture.DialSockets.Make(sandbox, kind, count, _capture.Own) : [];
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or CaptureException)
        {
            LogNoSockets(netns, e.Message);
            return [];
        }
    }

    private void CheckPod(EnrolledPod pod)
    {
        PodSandbox found;
        try
        {
            found = _opener.Open(pod.Wanted);
        }
        catch (PodRefusedException) when (pod.Sandbox is not null && _opener.IsGone(pod.Sandbox, pod.Wanted))
        {
            Forget(pod, gone: true);
            throw;
        }

        if (pod.Sandbox is { } old && old.Cookie != found.Cookie)
        {
            LogReplaced(pod.Wanted.Id);
            Forget(pod, gone: true);
        }
        if (_pods.Values.FirstOrDefault(other => other != pod && other.Sandbox?.Cookie == found.Cookie) is { } holder)
        {
            found.Netns.Dispose();
            throw new PodRefusedException(pod.Wanted.Id, "NetnsConflict",
                $"network namespace {pod.Wanted.Netns} is the one of pod {holder.Wanted.Id} ({holder.Wanted.Netns}), which keeps it: give each pod its own");
        }
        if (_release.Has(found.Cookie) || (pod.Sandbox is null && !_proxies.Serving.Any()))
        {
            found.Netns.Dispose(); // later: its last connections still end, or no proxy could serve it
            return;
        }

        var isNew = pod.Sandbox is null || !Same(pod.Sandbox, found);
        if (isNew)
        {
            pod.Sandbox?.Netns.Dispose();
            pod.Sandbox = found;
            _sandboxes[found.Cookie] = found;
        }
        else
        {
            found.Netns.Dispose();
        }

        var missing = isNew ? [EnrolledPod.NotYet] : MissingOf(pod.Sandbox!);
        if (missing.Count > 0)
        {
            if (!isNew)
            {
                LogMending(pod.Wanted.Id, string.Join("; ", missing));
            }
            CapturePod(pod);
            missing = MissingOf(pod.Sandbox!);
            if (missing.Count == 0 && !pod.IsCaptured)
            {
                LogCaptured(pod.Wanted.Id, string.Join(", ", pod.Sandbox!.Addresses), _capture.Mode);
            }
        }
        pod.Missing = missing;
    }

    private void CapturePod(EnrolledPod pod)
    {
        var sandbox = pod.Sandbox!;
        // Whatever fails below: a proxy that was never told of a pod drops the connections it served for a predecessor.
        var isAdopted = pod.Listeners is null && _ledger.Has(sandbox.Cookie);
        _ledger.Add(sandbox, pod.Wanted.Netns);
        if (!isAdopted)
        {
            _routing.Apply(sandbox);
        }
        var listeners = pod.Listeners ??= PodListeners.Open(sandbox);
        foreach (var link in _proxies.Serving)
        {
            link.TryTell(_log, l => l.AddPod(sandbox, listeners));
        }
        if (isAdopted)
        {
            _routing.Apply(sandbox);
        }
        _capture.Add(sandbox, listeners);
    }

    private IReadOnlyList<string> MissingOf(PodSandbox sandbox) => [.. _routing.Missing(sandbox), .. _capture.Missing(sandbox)];

    private void Drop(EnrolledPod pod, bool gone)
    {
        Forget(pod, gone);
        _pods.Remove(pod.Wanted.Id);
    }

    /// <summary>Stops steering and lets the connections end; the pod may be enrolled again afterwards.</summary>
    private void Forget(EnrolledPod pod, bool gone)
    {
        if (pod.Sandbox is not { } sandbox)
        {
            return;
        }
        _release.StopSteering(sandbox);
        pod.Listeners?.Dispose();
        (pod.Sandbox, pod.Listeners, pod.Missing) = (null, null, [EnrolledPod.NotYet]);
        _release.Begin(sandbox, gone);
    }

    private void Report(EnrolledPod pod, string reason, string message)
    {
        if (pod.Problem != reason || !pod.Missing.Contains(message))
        {
            LogProblem(pod.Wanted.Id, reason, message);
        }
        pod.Problem = reason;
        pod.Missing = [message];
    }

    private static bool Same(PodSandbox a, PodSandbox b) =>
        a.Cookie == b.Cookie && a.Addresses.SequenceEqual(b.Addresses) && a.Options == b.Options;

    [LoggerMessage(Level = LogLevel.Information, EventName = "PodCaptured", Message = "pod {Pod} ({Addresses}) is captured by {Mode}")]
    private partial void LogCaptured(string pod, string addresses, string mode);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "PodMended", Message = "pod {Pod} was no longer captured ({Missing}); mending it")]
    private partial void LogMending(string pod, string missing);

    [LoggerMessage(Level = LogLevel.Information, EventName = "PodReplaced", Message = "pod {Pod} has a new sandbox")]
    private partial void LogReplaced(string pod);

    [LoggerMessage(Level = LogLevel.Information, EventName = "PodOrphaned", Message = "pod {Pod}, captured by an earlier agent, is no longer wanted; releasing it")]
    private partial void LogOrphan(string pod);

    [LoggerMessage(Level = LogLevel.Error, EventName = "PodProblem", Message = "pod {Pod}: {Reason}: {Problem}")]
    private partial void LogProblem(string pod, string reason, string problem);

    [LoggerMessage(Level = LogLevel.Error, EventName = "DialSocketsFailed", Message = "no dial sockets for namespace {Netns}: {Error}")]
    private partial void LogNoSockets(ulong netns, string error);

}
