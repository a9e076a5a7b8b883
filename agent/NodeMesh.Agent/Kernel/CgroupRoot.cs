using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>The root of the cgroup v2 hierarchy: programs attached there see every process of the machine.</summary>
/// <param name="Path">Where it is mounted; on hybrid systems somewhere below /sys/fs/cgroup.</param>
/// <param name="Id">Its id in bpf_link_info.</param>
internal sealed record CgroupRoot(string Path, ulong Id)
{
    private const ulong RootInode = 1; // of the hierarchy itself; a cgroup namespace shows a deeper directory as "/"

    /// <summary>A descriptor to attach programs to; File.OpenHandle does not open directories.</summary>
    public SafeFileHandle Open()
    {
        var descriptor = SocketCalls.Open(Path, SocketCalls.OpenReadOnly | SocketCalls.OpenCloseOnExec);
        return descriptor.IsInvalid ? throw KernelException.Last($"cannot open the cgroup {Path}") : descriptor;
    }

    /// <exception cref="IOException">There is none to be seen: says why and what to do.</exception>
    public static CgroupRoot Find()
    {
        var mounts = MountTable.Read().Where(mount => mount.Type == "cgroup2").Select(mount => mount.Path).ToList();
        if (mounts.Count == 0)
        {
            throw new IOException("no cgroup v2 hierarchy is mounted; mount one: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified");
        }
        return mounts.Where(mount => Inode.Of(mount) == RootInode).Select(mount => new CgroupRoot(mount, RootInode)).FirstOrDefault()
            ?? throw new IOException($"a cgroup namespace hides the root of the cgroup v2 hierarchy ({string.Join(", ", mounts)} shows a part of it); run the agent in the host's cgroup namespace (docker: --cgroupns=host; Kubernetes: mount the host's /sys/fs/cgroup)");
    }
}
