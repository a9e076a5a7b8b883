using System.Net;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_probe_key: where a pod is asked whether it is well.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct ProbeKey
{
    public AddressEntry Address;
    public uint Port;

    public static ProbeKey From(IPAddress address, ushort port) => new() { Address = AddressEntry.From(address), Port = port };

    public readonly bool SameAs(in ProbeKey other) => Port == other.Port && ((ReadOnlySpan<byte>)Address).SequenceEqual(other.Address);
}
