using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>The number that nftables counts up in a namespace with every change of its rules: tells for 20 us that nothing changed.</summary>
internal static class NftablesGeneration
{
    // linux/netfilter/nfnetlink.h and nf_tables.h: the message type is subsystem and command.
    private const ushort GetGeneration = (10 << 8) | 16;
    private const int GenerationId = 1;
    private const int HeaderLength = 4;

    /// <summary>The number; null where the kernel has no nftables.</summary>
    public static uint? Read(SafeFileHandle netns)
    {
        uint? generation = null;
        try
        {
            using var netlink = NetlinkSocket.Open(netns, NetlinkSocket.NetfilterProtocol);
            netlink.List(
                new NetlinkMessage(GetGeneration, NetlinkSocket.Request | NetlinkSocket.Acknowledge, new byte[HeaderLength]),
                (_, body) =>
                {
                    var attributes = NetlinkMessage.ReadAttributes(body.AsSpan(HeaderLength));
                    generation = attributes.TryGetValue(GenerationId, out var id) ? BinaryPrimitives.ReadUInt32BigEndian(id) : null;
                });
        }
        catch (KernelException)
        {
            return null;
        }
        return generation;
    }
}
