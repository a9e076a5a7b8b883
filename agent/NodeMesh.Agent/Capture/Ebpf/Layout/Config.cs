using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_config: the programs' .rodata, set before they are loaded.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Config
{
    public ulong BeatLimitNs;
    public ulong Netns;
    public byte CountUdp;
    public byte CanSetError;
    public ReservedBytes Reserved;

    [InlineArray(6)]
    internal struct ReservedBytes
    {
        private byte _first;
    }
}
