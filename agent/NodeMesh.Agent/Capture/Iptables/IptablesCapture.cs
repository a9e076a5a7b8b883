using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>
/// Capture by rules in the pod's own mangle table, for kernels without the eBPF hooks. What it cannot do: whoever has
/// CAP_NET_RAW in a pod can set the mark of the mesh's own sockets and so leave past it; every captured connection takes a
/// conntrack entry of the node; whether the proxy is alive is judged by the agent's heartbeat alone.
/// </summary>
/// <param name="backend">Null: whichever works, found out by <see cref="Open"/>.</param>
internal sealed partial class IptablesCapture(
    string agentDirectory, ILogger log, TimeProvider? time = null, IptablesBackend? backend = null) : ICapture
{
    // Rules in the legacy tables have no generation number to tell that nothing changed, and reading them takes two processes.
    private static readonly TimeSpan LegacyCheckInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly PodSysctls _sysctls = new(agentDirectory);
    private readonly ConcurrentDictionary<ulong, Entry> _pods = []; // the heartbeat has a thread of its own
    private IptablesBackend? _backend = backend;
    private readonly Lock _beating = new();
    private long _lastBeat;

    public string Mode => "iptables";

    public SafeHandle? HeartbeatPage => null;

    private IptablesBackend Backend => _backend ?? throw new InvalidOperationException("iptables capture was not opened");

    public void Open()
    {
        if (_backend is not null)
        {
            return;
        }
        (_backend, var failures) = IptablesProbe.Choose();
        LogBackend(_backend.Name, _backend.HasRecent);
        foreach (var failure in failures)
        {
            LogPassedOver(failure);
        }
    }

    public void Add(PodSandbox pod, PodListeners listeners)
    {
        var ports = (Port(listeners.Outbound), Port(listeners.Inbound));
        var rules = new IptablesPod(pod, Backend, _pods.GetValueOrDefault(pod.Cookie)?.Rules);
        try
        {
            rules.Put(ports);
            _sysctls.Apply(pod, ConntrackSysctls.Wanted); // there once the rules have loaded conntrack
        }
        catch (Exception e) when (e is CaptureException or IOException)
        {
            throw new CaptureException($"pod {pod.Id}: {Backend.Name}: {e.Message}", e);
        }
        _pods[pod.Cookie] = new Entry(rules, ports);
    }

    /// <summary>New connections are no longer steered; the rules for those under way stay until <see cref="Release"/>.</summary>
    public void Remove(PodSandbox pod)
    {
        _pods.TryRemove(pod.Cookie, out _);
        if (!pod.Netns.IsClosed && !pod.Netns.IsInvalid && IsThere(pod))
        {
            new IptablesPod(pod, Backend).Put(null);
        }
    }

    public void Release(PodSandbox pod)
    {
        _pods.TryRemove(pod.Cookie, out _);
        if (pod.Netns.IsClosed || pod.Netns.IsInvalid)
        {
            return; // what the sandbox left on disk is forgotten with its routing
        }
        _sysctls.Restore(pod, ConntrackSysctls.Wanted.Keys);
        new IptablesPod(pod, Backend).Delete();
    }

    public IReadOnlyList<string> Missing(PodSandbox pod)
    {
        if (!_pods.TryGetValue(pod.Cookie, out var entry))
        {
            return ["the pod was not added"];
        }
        var generation = NftablesGeneration.Read(pod.Netns);
        var unchanged = Backend.IsLegacy
            ? entry.CheckedAt is { } at && _time.GetElapsedTime(at) < LegacyCheckInterval
            : entry.CheckedAt is not null && generation is not null && generation == entry.Generation;
        var sysctls = PodSysctls.Missing(pod, ConntrackSysctls.Wanted);
        if (unchanged)
        {
            return sysctls;
        }
        var missing = entry.Rules.Missing(entry.Ports);
        entry.CheckedAt = missing.Count == 0 ? _time.GetTimestamp() : null;
        entry.Generation = generation;
        return [.. missing, .. sysctls];
    }

    /// <summary>Marks an upstream. Inbound legs carry the loop mark already, and are known by it.</summary>
    public void Own(SafeSocketHandle socket)
    {
        var length = sizeof(int);
        if (SocketCalls.GetOption(socket, SocketCalls.SolSocket, SocketCalls.SoMark, out var mark, ref length) == 0 && (uint)mark == LoopMark.Loop)
        {
            return;
        }
        try
        {
            SocketCalls.Set(socket, SocketCalls.SolSocket, SocketCalls.SoMark, (int)LoopMark.Own, "SO_MARK");
        }
        catch (KernelException e)
        {
            throw new CaptureException($"cannot mark a dial socket as the mesh's own (this needs CAP_NET_ADMIN): {e.Message}", e);
        }
    }

    public PodCounters Counters(PodSandbox pod) =>
        _pods.TryGetValue(pod.Cookie, out var entry) && Backend.HasRecent && pod.Options.OnFailure == FailurePolicy.Open
            ? new PodCounters(0, entry.Rules.Unmeshed(), 0)
            : default; // no other rule counts, and reading takes a process

    public void Beat()
    {
        if (!_beating.TryEnter())
        {
            return; // the last one is still under way
        }
        try
        {
            if (_lastBeat != 0 && _time.GetElapsedTime(_lastBeat) < BeatInterval)
            {
                return;
            }
            _lastBeat = _time.GetTimestamp();
            foreach (var (_, entry) in _pods)
            {
                Beat(entry.Rules);
            }
        }
        finally
        {
            _beating.Exit();
        }
    }

    public long? LastProxyBeat() => null;

    public void Close()
    {
        // Nothing is node-wide.
    }

    public void Dispose()
    {
        // Rules stay for a successor.
    }

    private void Beat(IptablesPod rules)
    {
        try
        {
            rules.Beat();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            LogNoBeat(rules.Sandbox.Id, e.Message);
        }
    }

    private bool IsThere(PodSandbox pod) => PodRouting.FamiliesOf(pod)
        .Any(family => IptablesTables.Parse(Backend.Save(pod.Netns, family)).HasChain(IptablesRules.OutChain));

    private static int Port(SafeSocketHandle listener)
    {
        // A Socket made of the handle would close it.
        Span<byte> address = stackalloc byte[28];
        var length = address.Length;
        return SocketCalls.GetSocketName(listener, address, ref length) < 0
            ? throw KernelException.Last("cannot read the port of a listener")
            : (address[2] << 8) | address[3];
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "IptablesBackend", Message = "capture by {Backend} (dead-man's switch: {HasSwitch})")]
    private partial void LogBackend(string backend, bool hasSwitch);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "IptablesPassedOver", Message = "passed over: {Failure}")]
    private partial void LogPassedOver(string failure);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "IptablesBeat", Message = "pod {Pod}: no heartbeat: {Error}")]
    private partial void LogNoBeat(string pod, string error);

    private sealed class Entry(IptablesPod rules, (int Outbound, int Inbound) ports)
    {
        public IptablesPod Rules => rules;

        public (int Outbound, int Inbound) Ports => ports;

        public long? CheckedAt { get; set; }

        public uint? Generation { get; set; }
    }
}
