using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_counters: one CPU's part of <see cref="PodCounters"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CounterEntry
{
    public const int Count = 3;

    public ulong BypassAttempts;
    public ulong Unmeshed;
    public ulong UdpPackets;
}
