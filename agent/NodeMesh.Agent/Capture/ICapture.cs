using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// Steers the TCP connections of pods to their listeners, by eBPF or by iptables. Calls come from one thread at a time.
/// Whatever it puts into the kernel outlives the process: a successor with the same state directory adopts it.
/// </summary>
internal interface ICapture : IDisposable
{
    /// <summary>"ebpf" or "iptables".</summary>
    string Mode { get; }

    /// <summary>The page both processes beat into (see Welcome in nodemesh.proto); null where there is no dead-man's switch.</summary>
    SafeHandle? HeartbeatPage { get; }

    /// <summary>Puts the node-wide part into the kernel, or adopts what a predecessor pinned there.</summary>
    /// <exception cref="CaptureException">The kernel refuses: says what is missing and what to do.</exception>
    void Open();

    /// <summary>Steers new connections of this pod to these listeners. Idempotent: called again, it replaces the listeners and mends what is missing.</summary>
    /// <exception cref="CaptureException">The kernel refuses; nothing is left half done.</exception>
    void Add(PodSandbox pod, PodListeners listeners);

    /// <summary>Stops steering new connections. Connections under way go on. Idempotent; works for a sandbox that is gone (Netns closed or empty).</summary>
    void Remove(PodSandbox pod);

    /// <summary>
    /// Takes the rest out of the pod, what connections under way still needed after <see cref="Remove"/>; before its routing is
    /// restored. Idempotent, like <see cref="Remove"/>. Nothing to do where nothing is left by that.
    /// </summary>
    void Release(PodSandbox pod)
    {
    }

    /// <summary>What the kernel lacks for this pod to be captured, in words; empty when every connection is really steered.</summary>
    IReadOnlyList<string> Missing(PodSandbox pod);

    /// <summary>Makes a dial socket known as the mesh's own, so that it is not captured.</summary>
    void Own(SafeSocketHandle socket);

    /// <summary>Counters since the pod was first added.</summary>
    PodCounters Counters(PodSandbox pod);

    /// <summary>The agent's heartbeat; several times a second.</summary>
    void Beat();

    /// <summary>CLOCK_MONOTONIC nanoseconds of the proxy's last heartbeat; null when there is no dead-man's switch.</summary>
    long? LastProxyBeat();

    /// <summary>Takes the node-wide part out of the kernel. Pods have been removed before.</summary>
    void Close();
}

/// <param name="BypassAttempts">SYNs that tried to leave the pod past the mesh, dropped.</param>
/// <param name="Unmeshed">Connections let through unmeshed because both processes were gone (fail-open).</param>
/// <param name="UdpPackets">UDP packets that left the pod, passed through.</param>
internal readonly record struct PodCounters(long BypassAttempts, long Unmeshed, long UdpPackets);
