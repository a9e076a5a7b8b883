using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_cidr_key: a destination network excluded for one pod.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct CidrKey
{
    private const uint CookieBits = 64;
    private const uint MappedBits = 96; // ::ffff:0:0/96

    public uint PrefixLength;
    public ulong Netns;
    public AddressEntry Address;

    public static CidrKey From(ulong cookie, IPNetwork network) => new()
    {
        PrefixLength = CookieBits + (uint)network.PrefixLength + (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? MappedBits : 0),
        Netns = cookie,
        Address = AddressEntry.From(network.BaseAddress),
    };

    public readonly bool SameAs(in CidrKey other) =>
        PrefixLength == other.PrefixLength && Netns == other.Netns && ((ReadOnlySpan<byte>)Address).SequenceEqual(other.Address);
}
