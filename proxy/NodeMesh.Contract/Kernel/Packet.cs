using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Contract.Kernel;

/// <summary>One packet of a <see cref="PacketSocket"/>: bytes, and raw descriptors that the receiver now owns.</summary>
public sealed record Packet(ReadOnlyMemory<byte> Data, IReadOnlyList<int> Descriptors)
{
    public SafeSocketHandle Socket(int index) => new(Descriptors[index], ownsHandle: true);

    public SafeFileHandle File(int index) => new(Descriptors[index], ownsHandle: true);
}
