using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>Inode numbers, which .NET does not tell. They name network namespaces and cgroups in bpf_link_info.</summary>
internal static unsafe partial class Inode
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint WantInode = 0x100; // STATX_INO
    private const int SizeOfStatx = 256;
    private const int InodeOffset = 32; // stx_ino, the same on every architecture

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeHandle directory, string path, int flags, uint mask, byte* result);

    public static ulong Of(string path)
    {
        var result = stackalloc byte[SizeOfStatx];
        return Statx(CurrentDirectory, path, 0, WantInode, result) == 0 ? *(ulong*)(result + InodeOffset) : throw Failed(path);
    }

    public static ulong Of(SafeFileHandle file)
    {
        var result = stackalloc byte[SizeOfStatx];
        return Statx(file, "", EmptyPath, WantInode, result) == 0 ? *(ulong*)(result + InodeOffset) : throw Failed("an open file");
    }

    private static IOException Failed(string what) => new($"cannot stat {what}: {Marshal.GetLastPInvokeErrorMessage()}");
}
