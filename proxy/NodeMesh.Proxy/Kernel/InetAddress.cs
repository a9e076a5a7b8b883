using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace NodeMesh.Proxy.Kernel;

/// <summary>struct sockaddr_in and sockaddr_in6, to and from <see cref="IPEndPoint"/>. v4-mapped addresses come out as plain IPv4.</summary>
internal static unsafe class InetAddress
{
    public const int MaxLength = 28;

    private const ushort Inet = 2;
    private const ushort Inet6 = 10;

    public static IPEndPoint? Read(ReadOnlySpan<byte> address)
    {
        if (address.Length < 16)
        {
            return null;
        }
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        switch (MemoryMarshal.Read<ushort>(address))
        {
            case Inet:
                return new IPEndPoint(new IPAddress(address.Slice(4, 4)), port);
            case Inet6 when address.Length >= MaxLength:
                var ip = address.Slice(8, 16);
                return ip.StartsWith(MappedPrefix)
                    ? new IPEndPoint(new IPAddress(ip[12..]), port)
                    : new IPEndPoint(new IPAddress(ip, MemoryMarshal.Read<uint>(address[24..])), port);
            default:
                return null;
        }
    }

    /// <returns>The length written.</returns>
    public static int Write(IPEndPoint endpoint, Span<byte> address)
    {
        address.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)endpoint.Port);
        if (endpoint.AddressFamily == AddressFamily.InterNetwork)
        {
            MemoryMarshal.Write(address, Inet);
            endpoint.Address.TryWriteBytes(address[4..], out _);
            return 16;
        }
        MemoryMarshal.Write(address, Inet6);
        endpoint.Address.TryWriteBytes(address[8..], out _);
        MemoryMarshal.Write(address[24..], (uint)endpoint.Address.ScopeId);
        return MaxLength;
    }

    /// <summary>The address the socket is bound to; of an accepted, captured connection: the one the app dialled.</summary>
    public static IPEndPoint? Local(int socket)
    {
        var address = stackalloc byte[MaxLength];
        var length = MaxLength;
        return LibC.getsockname(socket, address, &length) < 0 ? null : Read(new ReadOnlySpan<byte>(address, length));
    }

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
}
