using System.Buffers.Binary;
using System.Net;

namespace NodeMesh.Proxy.Discovery;

/// <summary>
/// An address, with or without a port, as the key of a map: made from an <see cref="IPAddress"/> without allocating.
/// An IPv4 address and its v4-mapped form are the same key; a scope id is no part of it.
/// </summary>
internal readonly record struct AddressKey(ulong High, ulong Low, int Port)
{
    public static AddressKey From(IPEndPoint endpoint) => From(endpoint.Address, endpoint.Port);

    public static AddressKey From(IPAddress address, int port = 0)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.TryWriteBytes(bytes, out var written) && written == 4)
        {
            return new AddressKey(0, 0xffff_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes), port);
        }
        return new AddressKey(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), port);
    }

    public override int GetHashCode()
    {
        // Addresses of one cluster differ in few bits: a multiplicative mix spreads them, and costs less than HashCode.
        var mixed = (High * 0x9E37_79B9_7F4A_7C15) ^ ((Low + (ulong)Port) * 0xC2B2_AE3D_27D4_EB4F) ^ ((ulong)Port << 17);
        return (int)(mixed >> 32) ^ (int)mixed;
    }
}
