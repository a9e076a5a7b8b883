using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture.Ebpf.Layout;
using NodeMesh.Agent.Kernel;
using static Tmds.Linux.LibC;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>
/// Capture by programs on the root cgroup (connect hooks that mark, a guard that stops unmarked SYNs) and in each pod's
/// namespace (sk_lookup that gives connections to the listeners). Everything is pinned below the state directory.
/// </summary>
internal sealed partial class EbpfCapture(PinDirectory pins, EbpfCaptureOptions options, ILogger logger) : ICapture
{
    private const uint AgentBeat = 0; // NM_BEAT_AGENT
    private const uint ProxyBeat = 1;

    private readonly PinDirectory _pins = pins;
    private NodeHooks? _node;
    private PodHook? _pods;

    public string Mode => "ebpf";

    public SafeHandle? HeartbeatPage => Node.Maps.Descriptor("heartbeat");

    private NodeHooks Node => _node ?? throw new InvalidOperationException("capture is not open");

    private PodHook Pods => _pods ?? throw new InvalidOperationException("capture is not open");

    public void Open()
    {
        var isNew = !_pins.IsThere;
        try
        {
            Attempt("open eBPF capture", Begin);
        }
        catch when (isNew)
        {
            Dispose();
            _pins.Remove(); // the hooks that were attached go with their pins
            throw;
        }
        LogOpened(_pins.Pods().Count);

        void Begin()
        {
            _node = NodeHooks.Load(_pins, options.ProxyBeatLimit, logger);
            _pods = new PodHook(_pins, _node.Maps, options.ProxyBeatLimit, logger);
            if (LastProxyBeat() == 0)
            {
                // The first proxy gets the whole limit to start.
                _node.Maps.Heartbeat.Set(ProxyBeat, Now());
            }
            ForgetStalePods();
            _node.Attach();
            Beat();
        }
    }

    public void Add(PodSandbox pod, PodListeners listeners)
    {
        var previous = Node.Maps.Pods.Find(pod.Cookie);
        try
        {
            Attempt($"capture pod {pod.Id}", () => Add(pod, listeners, previous));
        }
        catch when (previous is null)
        {
            Remove(pod);
            throw;
        }
    }

    private void Add(PodSandbox pod, PodListeners listeners, PodEntry? previous)
    {
        // Connections may still be dialled to the ports of listeners that are about to be replaced.
        List<ushort> ports = [LocalPort(listeners.Outbound), LocalPort(listeners.Inbound)];
        if (previous is { } before)
        {
            ports.AddRange(((ReadOnlySpan<ushort>)before.ListenerPorts).ToArray());
        }
        var entry = PodEntry.From(pod, ports);

        Node.Mend();
        Node.Maps.Counters.Ensure(pod.Cookie);
        Node.Maps.Probe(pod.Cookie, pod.Addresses, pod.Options.Probes);
        Node.Maps.ExcludeCidrs(pod.Cookie, pod.Options.ExcludedOutboundNetworks.Select(network => CidrKey.From(pod.Cookie, network)));
        if (previous is not null)
        {
            Node.Maps.Pods.Set(pod.Cookie, entry);
        }
        Pods.Attach(pod, listeners);
        Node.Maps.Pods.Set(pod.Cookie, entry); // from here on it is captured
    }

    public void Remove(PodSandbox pod) => Attempt($"stop capturing pod {pod.Id}", () => Forget(pod.Cookie));

    public IReadOnlyList<string> Missing(PodSandbox pod)
    {
        var missing = new List<string>(Node.Missing());
        if (pod.Netns.IsClosed || pod.Netns.IsInvalid)
        {
            missing.Add("the network namespace is gone");
            return missing;
        }
        if (Node.Maps.Pods.Find(pod.Cookie) is null)
        {
            missing.Add("the pod is not in the map pods");
        }
        missing.AddRange(Pods.Missing(pod));
        return missing;
    }

    public void Own(SafeSocketHandle socket) => Node.Maps.Own(socket);

    public PodCounters Counters(PodSandbox pod) =>
        Node.Maps.Counters.Sum(pod.Cookie) is { } sums ? new PodCounters(sums[0], sums[1], sums[2]) : default;

    public void Beat() => Node.Maps.Heartbeat.Set(AgentBeat, Now());

    public long? LastProxyBeat() => (long?)Node.Maps.Heartbeat.Find(ProxyBeat);

    public void Close()
    {
        Attempt("close eBPF capture", () =>
        {
            foreach (var cookie in _pins.Pods())
            {
                Forget(cookie);
            }
            Node.Detach();
            _pins.Remove();
        });
        Dispose();
    }

    /// <summary>Lets go; what is pinned goes on capturing.</summary>
    public void Dispose()
    {
        _node?.Dispose();
        _node = null;
        _pods = null;
    }

    private void Forget(ulong cookie)
    {
        Node.Maps.Forget(cookie);
        Pods.Detach(cookie);
    }

    /// <summary>Pods whose namespace went while no agent ran, and entries whose sk_lookup was never attached.</summary>
    private void ForgetStalePods()
    {
        foreach (var cookie in _pins.Pods().Union(Node.Maps.Pods.Keys()).Where(Pods.IsStale).ToList())
        {
            Forget(cookie);
            LogStale(cookie);
        }
    }

    /// <summary>CLOCK_MONOTONIC in nanoseconds, the clock of bpf_ktime_get_ns().</summary>
    private static ulong Now() => (ulong)Stopwatch.GetTimestamp();

    private static unsafe ushort LocalPort(SafeSocketHandle socket)
    {
        var address = stackalloc byte[28]; // struct sockaddr_in6, of which the port is bytes 2 and 3
        Tmds.Linux.socklen_t length = 28;
        var added = false;
        try
        {
            socket.DangerousAddRef(ref added);
            return getsockname((int)socket.DangerousGetHandle(), (Tmds.Linux.sockaddr*)address, &length) == 0
                ? (ushort)((address[2] << 8) | address[3])
                : throw new IOException($"cannot ask a listener for its port: errno {errno}");
        }
        finally
        {
            if (added)
            {
                socket.DangerousRelease();
            }
        }
    }

    private static void Attempt(string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            var remedy = e is DllNotFoundException ? ": libbpf.so.1 is missing (apt-get install libbpf1)" : $": {e.Message}";
            throw new CaptureException($"cannot {what}{remedy}", e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "eBPF capture is open; {Pods} pods adopted")]
    private partial void LogOpened(int pods);

    [LoggerMessage(Level = LogLevel.Information, Message = "removed what was pinned for a pod whose namespace is gone (cookie {Cookie})")]
    private partial void LogStale(ulong cookie);
}
