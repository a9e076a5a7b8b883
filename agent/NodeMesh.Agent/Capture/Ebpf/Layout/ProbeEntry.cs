using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_probe: what becomes of the kubelet's connections to a port.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProbeEntry
{
    private const ulong ByMesh = 1; // NM_PROBE_BY_MESH
    private const ulong Direct = 2;

    public ulong Netns;
    public ulong How;

    public static ProbeEntry From(ulong cookie, ProbePort port) => new() { Netns = cookie, How = port.IsDirect ? Direct : ByMesh };
}
