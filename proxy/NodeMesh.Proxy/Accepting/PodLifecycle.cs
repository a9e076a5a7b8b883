using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Accepting;

/// <summary>
/// Takes pods in as the agent names them, and lets them go. A pod that is named again gets new listeners and is still
/// accepted for on the old ones for a while: handshakes may be under way there.
/// </summary>
/// <param name="drainHttp">Has the HTTP engine end the pod's connections in an orderly way, until the token says stop.</param>
/// <param name="send">Tells the agent; never waits.</param>
internal sealed partial class PodLifecycle(
    AcceptContext context,
    PodTable table,
    Func<LocalPod, CancellationToken, Task> drainHttp,
    Action<FromProxy> send,
    ILogger<PodLifecycle> logger)
{
    // Longer than an agent needs, on a busy node, from naming a pod anew to having the kernel steer to the new listeners.
    private static readonly TimeSpan OldListenersLinger = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstSnapshotLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Entry> _pods = [];
    private readonly Dictionary<ulong, LocalPod> _leaving = [];
    private HashSet<ulong>? _unnamed;
    private bool _isDraining;

    private sealed record Entry(LocalPod Pod, PodListener Outbound, PodListener Inbound);

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _pods.Count;
            }
        }
    }

    public LocalPod? Find(ulong netns)
    {
        lock (_gate)
        {
            return _pods.TryGetValue(netns, out var entry) ? entry.Pod : _leaving.GetValueOrDefault(netns);
        }
    }

    /// <summary>A (new) agent is about to name all its pods.</summary>
    public void BeginNaming()
    {
        lock (_gate)
        {
            _unnamed = [.. _pods.Keys];
        }
    }

    /// <summary>It has named them all: the others went while it was away.</summary>
    public void EndNaming()
    {
        HashSet<ulong> gone;
        lock (_gate)
        {
            gone = _unnamed ?? [];
            _unnamed = null;
        }
        foreach (var netns in gone)
        {
            Remove(netns, TimeSpan.Zero);
        }
    }

    /// <summary>Takes over both descriptors, which are listening sockets.</summary>
    /// <exception cref="FormatException">An address is none. The descriptors are still the caller's.</exception>
    public void Add(PodAdded message, int outbound, int inbound)
    {
        var addresses = message.Addresses.Select(IPAddress.Parse).ToArray();
        var excluded = message.ExcludedInboundPorts.Select(port => (ushort)port).ToArray();
        Entry? old;
        Entry entry;
        LocalPod pod;
        lock (_gate)
        {
            _unnamed?.Remove(message.Netns);
            _pods.TryGetValue(message.Netns, out old);
            pod = old?.Pod ?? new LocalPod(message.Netns, message.Id, addresses, excluded, (kind, count) => Want(message.Netns, kind, count));
            pod.Update(addresses, excluded);
            entry = new Entry(pod, new PodListener(context, pod, Direction.Outbound, outbound), new PodListener(context, pod, Direction.Inbound, inbound));
            _pods[message.Netns] = entry;
            table.Add(pod);
        }
        pod.FillPools();
        _ = StartAsync(entry);
        if (old is not null)
        {
            _ = StopLaterAsync(old);
        }
        LogAdded(logger, message.Id, message.Netns, message.Addresses, old is not null);
    }

    /// <summary>Stops accepting for the pod, lets its connections end within the limit, closes what is left, and reports it drained.</summary>
    public void Remove(ulong netns, TimeSpan limit)
    {
        LocalPod pod;
        lock (_gate)
        {
            if (_pods.Remove(netns, out var entry))
            {
                pod = entry.Pod;
                table.Remove(pod);
                entry.Outbound.Stop();
                entry.Inbound.Stop();
                _leaving[netns] = pod;
            }
            else if (!_leaving.TryGetValue(netns, out pod!))
            {
                send(new FromProxy { PodDrained = new PodDrained { Netns = netns } });
                return;
            }
        }
        LogRemoved(logger, pod.Id, netns, limit);
        if (limit <= TimeSpan.Zero)
        {
            Close(pod);
        }
        else
        {
            _ = DrainAsync(pod, limit);
        }
    }

    /// <summary>Stops accepting at all, and completes when every connection has ended, or the limit is over.</summary>
    public async Task DrainAllAsync(TimeSpan limit)
    {
        LocalPod[] pods;
        lock (_gate)
        {
            _isDraining = true;
            foreach (var entry in _pods.Values)
            {
                entry.Outbound.Stop();
                entry.Inbound.Stop();
            }
            pods = [.. _pods.Values.Select(entry => entry.Pod), .. _leaving.Values];
        }
        using var deadline = new CancellationTokenSource(limit, context.Time);
        await Task.WhenAll(pods.Select(pod => EndConnectionsAsync(pod, deadline.Token)));
    }

    private async Task DrainAsync(LocalPod pod, TimeSpan limit)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(pod.Gone);
            deadline.CancelAfter(limit);
            await EndConnectionsAsync(pod, deadline.Token);
        }
        catch (Exception exception)
        {
            LogDrainFailed(logger, pod.Id, exception);
        }
        Close(pod);
    }

    private async Task EndConnectionsAsync(LocalPod pod, CancellationToken deadline)
    {
        pod.Drain();
        var http = drainHttp(pod, deadline);
        while (!pod.IsIdle && !deadline.IsCancellationRequested)
        {
            await Task.Delay(DrainPoll, context.Time, CancellationToken.None);
        }
        await http;
    }

    private void Close(LocalPod pod)
    {
        lock (_gate)
        {
            if (!_leaving.Remove(pod.Netns))
            {
                return; // somebody else was faster
            }
        }
        pod.Close();
        send(new FromProxy { PodDrained = new PodDrained { Netns = pod.Netns } });
    }

    // Before the first snapshot no Service is known, and connections to cluster IPs would go on unbalanced: they wait in the
    // backlog. Not for ever: a mesh that only passes bytes on is better than none.
    private async Task StartAsync(Entry entry)
    {
        await Task.WhenAny(context.Snapshots.FirstApplied, Task.Delay(FirstSnapshotLimit, context.Time));
        lock (_gate)
        {
            if (!_isDraining && _pods.TryGetValue(entry.Pod.Netns, out var current) && current == entry)
            {
                entry.Outbound.Start();
                entry.Inbound.Start();
            }
        }
    }

    private async Task StopLaterAsync(Entry old)
    {
        // Not beyond the pod's own end: they would keep its namespace.
        await Task.Delay(OldListenersLinger, context.Time, old.Pod.Gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        old.Outbound.Stop();
        old.Inbound.Stop();
    }

    private void Want(ulong netns, SocketKind kind, int count) =>
        send(new FromProxy { DialSocketsWanted = new DialSocketsWanted { Netns = netns, Kind = kind, Count = (uint)count } });

    [LoggerMessage(EventName = "PodAdded", Level = LogLevel.Information, Message = "Serving {Pod} (netns {Netns}, {Addresses}); again: {Again}")]
    private static partial void LogAdded(ILogger logger, string pod, ulong netns, IEnumerable<string> addresses, bool again);

    [LoggerMessage(EventName = "PodRemoved", Level = LogLevel.Information, Message = "Letting go of {Pod} (netns {Netns}) within {Limit}")]
    private static partial void LogRemoved(ILogger logger, string pod, ulong netns, TimeSpan limit);

    [LoggerMessage(EventName = "DrainFailed", Level = LogLevel.Error, Message = "The connections of {Pod} could not be ended in order; they are closed")]
    private static partial void LogDrainFailed(ILogger logger, string pod, Exception exception);
}
