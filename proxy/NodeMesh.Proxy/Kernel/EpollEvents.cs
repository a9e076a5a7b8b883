using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NodeMesh.Proxy.Kernel;

/// <summary>An array of struct epoll_event, which is packed on x86-64 and nowhere else (sys/epoll.h).</summary>
internal sealed unsafe class EpollEvents(int capacity)
{
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = Stride - sizeof(ulong);

    private readonly byte[] _events = GC.AllocateArray<byte>(capacity * 16, pinned: true);

    private byte* First => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_events));

    public uint Flags(int index) => Unsafe.ReadUnaligned<uint>(First + index * Stride);

    public ulong Data(int index) => Unsafe.ReadUnaligned<ulong>(First + index * Stride + DataOffset);

    /// <summary>Waits; the number of events, 0 after <paramref name="milliseconds"/> or a signal.</summary>
    public int Wait(int epoll, int milliseconds)
    {
        var count = LibC.epoll_wait(epoll, First, capacity, milliseconds);
        return count >= 0 || LibC.LastError == Errno.Interrupted
            ? Math.Max(count, 0)
            : throw new IOException($"epoll_wait: errno {LibC.LastError}");
    }

    /// <returns>0 or errno.</returns>
    public static int Add(int epoll, int descriptor, uint flags, ulong data)
    {
        var change = stackalloc byte[16];
        Unsafe.WriteUnaligned(change, flags);
        Unsafe.WriteUnaligned(change + DataOffset, data);
        return LibC.epoll_ctl(epoll, LibC.EpollAdd, descriptor, change) == 0 ? 0 : LibC.LastError;
    }

    public static void Remove(int epoll, int descriptor)
    {
        var change = stackalloc byte[16];
        _ = LibC.epoll_ctl(epoll, LibC.EpollDelete, descriptor, change);
    }
}
