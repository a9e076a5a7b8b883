using System.Runtime.InteropServices;

namespace NodeMesh.Proxy.Kernel;

/// <summary>
/// The system calls of the data path, by descriptor. .NET's Socket would register every descriptor with its own epoll
/// set and resume on the thread pool: two thread hand-overs per message more than a loop that does both itself.
/// </summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    public const int SolSocket = 1;
    public const int SoError = 4;
    public const int SoKeepAlive = 9;
    public const int SoLinger = 13;
    public const int IpProtoTcp = 6;
    public const int TcpNoDelay = 1;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int SolIp = 0;
    public const int IpBindAddressNoPort = 24;

    public const int MsgPeek = 0x2;
    public const int MsgDontWait = 0x40;
    public const int MsgNoSignal = 0x4000;

    public const int SockNonBlock = 0x800;
    public const int SockCloseOnExec = 0x80000;
    public const int ShutWrite = 1;
    public const int ShutReadWrite = 2;

    public const uint EpollIn = 0x1;
    public const uint EpollOut = 0x4;
    public const uint EpollError = 0x8;
    public const uint EpollHangUp = 0x10;
    public const uint EpollPeerClosed = 0x2000;
    public const uint EpollEdge = 1u << 31;
    public const int EpollAdd = 1;
    public const int EpollDelete = 2;

    /// <summary>struct linger: on, zero seconds. Closing then sends RST instead of FIN.</summary>
    public const long LingerReset = 1;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int accept4(int socket, byte* address, int* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(int socket, byte* address, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int connect(int socket, byte* address, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockname(int socket, byte* address, int* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockopt(int socket, int level, int name, void* value, int* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(int socket, int level, int name, void* value, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recv(int socket, byte* buffer, nint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint send(int socket, byte* buffer, nint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int shutdown(int socket, int how);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_ctl(int epoll, int operation, int descriptor, void* change);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_wait(int epoll, byte* events, int capacity, int milliseconds);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int eventfd(uint value, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(int descriptor, void* buffer, nint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(int descriptor, void* buffer, nint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(int descriptor, long offset, int from);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rename(string from, string to);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, int mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial void* mmap(void* address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int munmap(void* address, nint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int clock_gettime(int clock, long* secondsAndNanoseconds);

    /// <summary>errno of the last call on this thread.</summary>
    internal static int LastError => Marshal.GetLastPInvokeError();

    internal static void Set(int socket, int level, int name, int value) => setsockopt(socket, level, name, &value, sizeof(int));

    internal static void SetNonBlocking(int descriptor)
    {
        const int getFlags = 3, setFlags = 4;
        _ = fcntl(descriptor, setFlags, fcntl(descriptor, getFlags, 0) | SockNonBlock);
    }

    /// <summary>Closes with RST: the other side sees a reset, not an end.</summary>
    internal static void CloseWithReset(int socket)
    {
        var linger = LingerReset;
        _ = setsockopt(socket, SolSocket, SoLinger, &linger, sizeof(long));
        _ = close(socket);
    }

    /// <summary>Reads and clears SO_ERROR.</summary>
    internal static int PendingError(int socket)
    {
        var error = 0;
        var length = sizeof(int);
        return getsockopt(socket, SolSocket, SoError, &error, &length) < 0 ? LastError : error;
    }
}
