using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Serving;
using NodeMesh.Agent.Supervision;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// Lets pods go: steering stops at once, the connections under way may end, and then everything in the pod is put back as it was found.
/// Runs on the control loop.
/// </summary>
/// <param name="sandboxes">Those that dial sockets are made in, also while connections end.</param>
internal sealed partial class PodRelease(
    ICapture capture, PodRouting routing, IProxySupervisor proxies, ConcurrentDictionary<ulong, PodSandbox> sandboxes, PodLedger ledger,
    TimeSpan drain, TimeProvider time, ILogger log)
{
    // Beyond the drain limit, for a proxy that does not answer.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ulong, ReleasingPod> _releasing = [];

    public bool IsUnderWay => _releasing.Count > 0;

    public bool Has(ulong netns) => _releasing.ContainsKey(netns);

    public void StopSteering(PodSandbox sandbox)
    {
        try
        {
            capture.Remove(sandbox);
        }
        catch (CaptureException e)
        {
            LogNotRestored(sandbox.Id, e.Message);
        }
    }

    /// <summary>Has the proxies end the pod's connections.</summary>
    /// <param name="gone">The namespace is gone: at once.</param>
    public void Begin(PodSandbox sandbox, bool gone)
    {
        var limit = gone ? TimeSpan.Zero : drain;
        var releasing = new ReleasingPod(sandbox, time.GetTimestamp(), limit + Grace);
        _releasing[sandbox.Cookie] = releasing;
        foreach (var link in proxies.Serving.ToList())
        {
            if (link.TryTell(log, l => l.RemovePod(sandbox.Cookie, limit)))
            {
                releasing.Awaited.Add(link.Pid);
            }
        }
        LogReleasing(sandbox.Id, gone ? "its namespace is gone" : "no longer enrolled");
        if (releasing.Awaited.Count == 0)
        {
            Finish(releasing);
        }
    }

    public void Drained(ProxyLink link, ulong netns)
    {
        if (_releasing.TryGetValue(netns, out var releasing))
        {
            releasing.Awaited.Remove(link.Pid);
            if (releasing.Awaited.Count == 0)
            {
                Finish(releasing);
            }
        }
    }

    /// <summary>Ends what has had its time. Called once a second.</summary>
    public void Check()
    {
        foreach (var releasing in _releasing.Values.Where(r => time.GetElapsedTime(r.Since) > r.Limit).ToList())
        {
            Finish(releasing);
        }
    }

    /// <summary>Puts back what a predecessor of this agent has left in a pod that nobody wants any more.</summary>
    public void Orphan(PodSandbox sandbox)
    {
        capture.Remove(sandbox);
        Restore(sandbox);
    }

    private void Finish(ReleasingPod releasing)
    {
        var sandbox = releasing.Sandbox;
        _releasing.Remove(sandbox.Cookie);
        sandboxes.TryRemove(sandbox.Cookie, out _);
        Restore(sandbox);
        LogReleased(sandbox.Id);
    }

    private void Restore(PodSandbox sandbox)
    {
        try
        {
            capture.Release(sandbox);
            routing.Restore(sandbox);
        }
        catch (Exception e) when (e is CaptureException or IOException)
        {
            LogNotRestored(sandbox.Id, e.Message);
        }
        sandbox.Netns.Dispose();
        ledger.Remove(sandbox.Cookie);
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "PodReleasing", Message = "releasing pod {Pod}: {Why}")]
    private partial void LogReleasing(string pod, string why);

    [LoggerMessage(Level = LogLevel.Information, EventName = "PodReleased", Message = "pod {Pod} is released")]
    private partial void LogReleased(string pod);

    [LoggerMessage(Level = LogLevel.Error, EventName = "PodNotRestored", Message = "pod {Pod}: routes could not be put back: {Error}")]
    private partial void LogNotRestored(string pod, string error);
}
