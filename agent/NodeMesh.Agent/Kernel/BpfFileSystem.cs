using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>A bpffs of our own.</summary>
internal static partial class BpfFileSystem
{
    private const int Detach = 2; // MNT_DETACH

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    public static bool IsMounted(string path) => MountTable.Read().Any(mount => mount.Path == path && mount.Type == "bpf");

    /// <summary>Whether the path is below the mount point of a bpffs.</summary>
    public static bool IsWithin(string path) =>
        MountTable.Read().Where(mount => path.StartsWith(mount.Path.TrimEnd('/') + "/", StringComparison.Ordinal)).MaxBy(mount => mount.Path.Length).Type == "bpf";

    /// <summary>Mounts one at <paramref name="path"/>, only root may enter it; false if there is one already.</summary>
    public static bool Mount(string path)
    {
        Directory.CreateDirectory(path);
        if (IsMounted(path))
        {
            return false;
        }
        return Mount("bpf", path, "bpf", 0, "mode=0700") == 0
            ? true
            : throw new BpfException($"mount a bpffs at {path}", Marshal.GetLastPInvokeError());
    }

    /// <summary>Even while somebody is looking in: the mount point is gone when this returns.</summary>
    public static void Unmount(string path)
    {
        while (IsMounted(path))
        {
            if (Unmount(path, Detach) != 0)
            {
                throw new BpfException($"unmount the bpffs at {path}", Marshal.GetLastPInvokeError());
            }
        }
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
    }
}
