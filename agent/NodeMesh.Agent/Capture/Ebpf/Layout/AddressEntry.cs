using System.Net;
using System.Runtime.CompilerServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_address: IPv6, or IPv4 as ::ffff:a.b.c.d; network byte order.</summary>
[InlineArray(Length)]
internal struct AddressEntry
{
    public const int Length = 16;

    private byte _first;

    public static AddressEntry From(IPAddress address)
    {
        var entry = default(AddressEntry);
        address.MapToIPv6().TryWriteBytes(entry, out _);
        return entry;
    }
}
