using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Resources.Directory.Kernel;

/// <summary>What kind of file a path leads to, which .NET does not tell.</summary>
internal static unsafe partial class FileType
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint WantType = 0x1; // STATX_TYPE
    private const int SizeOfStatx = 256;
    private const int ModeOffset = 28; // stx_mode, the same on every architecture
    private const int TypeBits = 0xf000; // S_IFMT
    private const int RegularFile = 0x8000; // S_IFREG

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* result);

    /// <summary>An ordinary file, not a FIFO, a device or a socket; links are followed.</summary>
    /// <exception cref="IOException">There is nothing, or it can't be looked at.</exception>
    public static bool IsRegular(string path)
    {
        var result = stackalloc byte[SizeOfStatx];
        return Statx(CurrentDirectory, path, 0, WantType, result) == 0
            ? (*(ushort*)(result + ModeOffset) & TypeBits) == RegularFile
            : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }
}
