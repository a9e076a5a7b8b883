using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>A netlink request under construction: header, family header, attributes, each aligned to 4 bytes (netlink(7)).</summary>
internal sealed class NetlinkMessage
{
    public const int HeaderLength = 16;

    private readonly byte[] _bytes = new byte[256];
    private int _length = HeaderLength;

    public NetlinkMessage(ushort type, ushort flags, ReadOnlySpan<byte> familyHeader)
    {
        MemoryMarshal.Write(_bytes.AsSpan(4), in type);
        MemoryMarshal.Write(_bytes.AsSpan(6), in flags);
        familyHeader.CopyTo(_bytes.AsSpan(_length));
        _length += Align(familyHeader.Length);
    }

    public NetlinkMessage Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, in value);
        return Attribute(type, bytes);
    }

    public NetlinkMessage Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var length = (ushort)(4 + value.Length);
        MemoryMarshal.Write(_bytes.AsSpan(_length), in length);
        MemoryMarshal.Write(_bytes.AsSpan(_length + 2), in type);
        value.CopyTo(_bytes.AsSpan(_length + 4));
        _length += Align(length);
        return this;
    }

    /// <summary>The whole message, numbered.</summary>
    public ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(_bytes, in _length);
        MemoryMarshal.Write(_bytes.AsSpan(8), in sequence);
        return _bytes.AsSpan(0, _length);
    }

    public static int Align(int length) => (length + 3) & ~3;

    /// <summary>The attributes of a received message by type; the last of a type wins.</summary>
    public static Dictionary<int, byte[]> ReadAttributes(ReadOnlySpan<byte> attributes)
    {
        var found = new Dictionary<int, byte[]>();
        while (attributes.Length >= 4)
        {
            var length = MemoryMarshal.Read<ushort>(attributes);
            var type = MemoryMarshal.Read<ushort>(attributes[2..]) & 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
            if (length < 4 || length > attributes.Length)
            {
                break;
            }
            found[type] = attributes[4..length].ToArray();
            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }
        return found;
    }

    /// <summary>A 32-bit attribute in the machine's byte order; null when it is not there.</summary>
    public static uint? Number(Dictionary<int, byte[]> attributes, int type) =>
        attributes.TryGetValue(type, out var value) && value.Length >= 4
            ? BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(value) : BinaryPrimitives.ReadUInt32BigEndian(value)
            : null;
}
