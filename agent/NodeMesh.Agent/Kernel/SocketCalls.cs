using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>The C library's calls on sockets and namespaces, by their own names; constants are those of x86-64 and arm64.</summary>
internal static partial class SocketCalls
{
    public const int AfInet = 2;
    public const int AfInet6 = 10;
    public const int AfNetlink = 16;

    public const int SockStream = 1;
    public const int SockDatagram = 2;
    public const int SockRaw = 3;
    public const int SockNonBlock = 0x800;
    public const int SockCloseOnExec = 0x80000;

    public const int SolSocket = 1;
    public const int SoReuseAddress = 2;
    public const int SoKeepAlive = 9;
    public const int SoMark = 36;
    public const int SoNetnsCookie = 71;

    public const int SolIp = 0;
    public const int IpTransparent = 19;
    public const int IpBindAddressNoPort = 24;
    public const int IpLocalPortRange = 51;

    public const int SolIpv6 = 41;
    public const int Ipv6V6Only = 26;
    public const int Ipv6Transparent = 75;

    public const int SolTcp = 6;
    public const int TcpNoDelay = 1;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int TcpKeepCount = 6;

    public const int OpenReadOnly = 0;
    public const int OpenCloseOnExec = 0x80000;
    public const int CloneNewNet = 0x40000000;

    /// <summary>NS_GET_NSTYPE (ioctl_nsfs(2)): which kind of namespace a descriptor names.</summary>
    public const uint NsGetNsType = 0xb703;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeFileHandle descriptor, nuint request);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(SafeFileHandle netns, int type);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial SafeSocketHandle NewSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(SafeSocketHandle socket, int level, int option, in int value, int length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(SafeSocketHandle socket, int level, int option, out ulong value, ref int length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(SafeSocketHandle socket, Span<byte> address, ref int length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(SafeSocketHandle socket, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(SafeSocketHandle socket, int backlog);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeSocketHandle socket, ReadOnlySpan<byte> data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeSocketHandle socket, Span<byte> data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(nint descriptor);

    /// <summary>
    /// Closes this process's descriptor of a socket that another process has too. SafeSocketHandle.Dispose would set SO_LINGER to zero seconds
    /// first, which is the socket's, not the descriptor's: when the other process closes it, whatever is not sent yet would be lost to a reset.
    /// </summary>
    public static void LetGo(SafeSocketHandle shared)
    {
        if (!shared.IsClosed)
        {
            var descriptor = shared.DangerousGetHandle();
            shared.SetHandleAsInvalid();
            _ = CloseDescriptor(descriptor);
        }
    }

    /// <summary>Makes a close-on-exec socket or throws, naming what it was for.</summary>
    public static SafeSocketHandle Socket(int family, int type, int protocol, string purpose)
    {
        var socket = NewSocket(family, type | SockCloseOnExec, protocol);
        return socket.IsInvalid ? throw KernelException.Last($"cannot make {purpose}") : socket;
    }

    /// <summary>Sets an integer option or throws, naming it.</summary>
    public static void Set(SafeSocketHandle socket, int level, int option, int value, string name)
    {
        if (SetOption(socket, level, option, in value, sizeof(int)) < 0)
        {
            throw KernelException.Last($"cannot set {name}");
        }
    }
}
