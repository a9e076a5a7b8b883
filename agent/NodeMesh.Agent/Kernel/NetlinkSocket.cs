using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>
/// A netlink(7) socket inside a namespace: one question, its answers, then the next. The kernel answers within the system
/// call that asks, so this never waits.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    public const ushort Request = 0x1;
    public const ushort Acknowledge = 0x4;
    public const ushort Replace = 0x100;
    public const ushort Dump = 0x300;
    public const ushort Exclusive = 0x200;
    public const ushort Create = 0x400;

    public const int RouteProtocol = 0;
    public const int NetfilterProtocol = 12;

    private const int ErrorMessage = 2;
    private const int DoneMessage = 3;

    private readonly SafeSocketHandle _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private uint _sequence;

    private NetlinkSocket(SafeSocketHandle socket) => _socket = socket;

    public static NetlinkSocket Open(SafeFileHandle netns, int protocol) => new(Netns.Run(
        netns, () => SocketCalls.Socket(SocketCalls.AfNetlink, SocketCalls.SockRaw, protocol, "a netlink socket")));

    /// <summary>Asks for a change and waits for its acknowledgement.</summary>
    /// <returns>0, or the error number of the kernel's refusal.</returns>
    public int Change(NetlinkMessage message)
    {
        Send(message);
        return Receive((_, _) => { });
    }

    /// <summary>Asks for a list; <paramref name="each"/> gets type and body of every entry.</summary>
    public void List(NetlinkMessage message, Action<ushort, byte[]> each)
    {
        Send(message);
        var error = Receive(each);
        if (error != 0)
        {
            throw new KernelException("a netlink dump failed", error);
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Send(NetlinkMessage message)
    {
        var bytes = message.Finish(++_sequence);
        if (SocketCalls.Send(_socket, bytes, bytes.Length, 0) != bytes.Length)
        {
            throw KernelException.Last("cannot send to netlink");
        }
    }

    private int Receive(Action<ushort, byte[]> each)
    {
        while (true)
        {
            var received = (int)SocketCalls.Receive(_socket, _buffer, _buffer.Length, 0);
            if (received < 0)
            {
                throw KernelException.Last("cannot receive from netlink");
            }
            var rest = _buffer.AsSpan(0, received);
            while (rest.Length >= NetlinkMessage.HeaderLength)
            {
                var length = MemoryMarshal.Read<int>(rest);
                var type = MemoryMarshal.Read<ushort>(rest[4..]);
                var sequence = MemoryMarshal.Read<uint>(rest[8..]);
                var body = rest[NetlinkMessage.HeaderLength..length];
                rest = rest[Math.Min(NetlinkMessage.Align(length), rest.Length)..];
                if (sequence != _sequence)
                {
                    continue; // left over from a question whose reader threw
                }
                switch (type)
                {
                    case ErrorMessage:
                        return -MemoryMarshal.Read<int>(body);
                    case DoneMessage:
                        return 0;
                    default:
                        each(type, body.ToArray());
                        break;
                }
            }
        }
    }
}
