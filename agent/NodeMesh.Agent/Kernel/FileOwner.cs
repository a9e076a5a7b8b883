using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>chown(2), which .NET has no call for.</summary>
internal static partial class FileOwner
{
    private const uint Unchanged = uint.MaxValue;

    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void SetGroup(string path, uint group)
    {
        if (Chown(path, Unchanged, group) != 0)
        {
            throw new IOException($"chown of {path} to group {group}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint owner, uint group);
}
