using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace NodeMesh.Contract.Kernel;

/// <summary>
/// A connected SOCK_SEQPACKET unix socket whose packets carry file descriptors (SCM_RIGHTS, unix(7)).
/// Blocking: one thread reads; any thread may write. Disposing it wakes the reader, which then sees the end.
/// </summary>
public sealed class PacketSocket : IDisposable
{
    /// <summary>The kernel refuses more descriptors in one packet (SCM_MAX_FD, include/net/scm.h).</summary>
    public const int MaxDescriptors = 253;

    private const int MaxPacket = 64 * 1024;

    private readonly Socket _socket;
    private readonly Lock _sending = new();

    public PacketSocket(Socket socket) => _socket = socket;

    /// <summary>Connects to a listening socket. Throws <see cref="SocketException"/> when nobody listens at <paramref name="path"/>.</summary>
    public static PacketSocket Connect(string path)
    {
        var socket = NewSocket();
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new PacketSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An unbound socket of this kind, for a listener.</summary>
    public static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);

    /// <summary>Sends one packet. The descriptors are duplicated into the receiver; the caller keeps its own.</summary>
    /// <exception cref="IOException">The other side is gone, or the packet is too large.</exception>
    public unsafe void Send(ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        var control = stackalloc byte[(int)CMSG_SPACE((MaxDescriptors * sizeof(int)))];
        var taken = 0;
        try
        {
            lock (_sending)
            {
                fixed (byte* bytes = data)
                {
                    var vector = new iovec { iov_base = bytes, iov_len = data.Length };
                    msghdr message = default;
                    message.msg_iov = &vector;
                    message.msg_iovlen = 1;
                    if (descriptors.Length > 0)
                    {
                        message.msg_control = control;
                        message.msg_controllen = (int)CMSG_SPACE((descriptors.Length * sizeof(int)));
                        var header = CMSG_FIRSTHDR(&message);
                        header->cmsg_level = SOL_SOCKET;
                        header->cmsg_type = SCM_RIGHTS;
                        // Not CMSG_LEN of the descriptors: LibC's rounds up, and for an odd number the kernel would take the padding for one more, 0.
                        header->cmsg_len = (int)CMSG_LEN(0) + (descriptors.Length * sizeof(int));
                        var slots = (int*)CMSG_DATA(header);
                        for (; taken < descriptors.Length; taken++)
                        {
                            var added = false;
                            descriptors[taken].DangerousAddRef(ref added);
                            slots[taken] = (int)descriptors[taken].DangerousGetHandle();
                        }
                    }
                    while (sendmsg((int)_socket.Handle, &message, MSG_NOSIGNAL) < 0)
                    {
                        if (errno != EINTR)
                        {
                            throw new IOException($"sendmsg on the socket channel: errno {errno}");
                        }
                    }
                }
            }
        }
        finally
        {
            while (taken > 0)
            {
                descriptors[--taken].DangerousRelease();
            }
        }
    }

    /// <summary>Waits for the next packet; null once the other side has closed. The caller owns the descriptors.</summary>
    /// <exception cref="IOException">The connection broke, or a packet was cut (more descriptors or bytes than agreed).</exception>
    public unsafe Packet? Receive()
    {
        var buffer = new byte[MaxPacket];
        var controlSize = (int)CMSG_SPACE((MaxDescriptors * sizeof(int)));
        var control = stackalloc byte[controlSize];
        fixed (byte* bytes = buffer)
        {
            var vector = new iovec { iov_base = bytes, iov_len = buffer.Length };
            msghdr message = default;
            long length;
            do
            {
                message = default;
                message.msg_iov = &vector;
                message.msg_iovlen = 1;
                message.msg_control = control;
                message.msg_controllen = controlSize;
                length = (long)recvmsg((int)_socket.Handle, &message, MSG_CMSG_CLOEXEC);
            }
            while (length < 0 && errno == EINTR);

            if (length < 0)
            {
                throw new IOException($"recvmsg on the socket channel: errno {errno}");
            }

            var descriptors = new List<int>();
            for (var header = CMSG_FIRSTHDR(&message); header != null; header = CMSG_NXTHDR(&message, header))
            {
                if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
                {
                    var count = ((int)header->cmsg_len - (int)CMSG_LEN(0)) / sizeof(int);
                    descriptors.AddRange(new ReadOnlySpan<int>(CMSG_DATA(header), count));
                }
            }

            if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0)
            {
                foreach (var descriptor in descriptors)
                {
                    _ = close(descriptor);
                }
                throw new IOException("a packet on the socket channel was cut");
            }
            return length == 0 && descriptors.Count == 0 ? null : new Packet(buffer.AsMemory(0, (int)length), descriptors);
        }
    }

    public void Dispose()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Never connected, the other side went first, or another thread did.
        }
        _socket.Dispose();
    }
}
