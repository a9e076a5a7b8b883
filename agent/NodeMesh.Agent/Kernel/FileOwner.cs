using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>chown(2), and who owns a file: .NET has no calls for either.</summary>
internal static unsafe partial class FileOwner
{
    private const uint Unchanged = uint.MaxValue;
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint WantOwner = 0x8 | 0x10; // STATX_UID, STATX_GID
    private const int SizeOfStatx = 256;
    private const int UserOffset = 20; // stx_uid, the same on every architecture
    private const int GroupOffset = 24; // stx_gid

    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void SetGroup(string path, uint group)
    {
        if (Chown(path, Unchanged, group) != 0)
        {
            throw new IOException($"chown of {path} to group {group}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Gives a file to whom another one belongs.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void Copy(string from, string to)
    {
        var result = stackalloc byte[SizeOfStatx];
        if (Statx(CurrentDirectory, from, 0, WantOwner, result) != 0 || Chown(to, *(uint*)(result + UserOffset), *(uint*)(result + GroupOffset)) != 0)
        {
            throw new IOException($"the owner of {from} can't be given to {to}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint owner, uint group);
}
