using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Containerd;

/// <summary>The cgroups that a kubelet with the cgroupfs driver makes for its pods, below one of the test's own in every hierarchy of this machine.</summary>
public sealed class PodCgroups(string name)
{
    private static IEnumerable<string> Hierarchies =>
        File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).Where(mount => mount[2] is "cgroup" or "cgroup2").Select(mount => mount[1]);

    public string Parent(string uid) => $"/{name}/kubepods/burstable/pod{uid}";

    /// <summary>With whatever still runs in them.</summary>
    public async Task RemoveAsync()
    {
        foreach (var root in Hierarchies.Select(hierarchy => $"{hierarchy}/{name}").Where(Directory.Exists))
        {
            await Eventually.TrueAsync($"{root} can be removed", () => Task.FromResult(TryRemove(root)));
        }
    }

    private static bool TryRemove(string cgroup)
    {
        try
        {
            foreach (var process in File.ReadLines($"{cgroup}/cgroup.procs"))
            {
                Libc.Signal(int.Parse(process), Libc.SIGKILL);
            }
            if (Directory.GetDirectories(cgroup).All(TryRemove))
            {
                Directory.Delete(cgroup);
                return true;
            }
        }
        catch (IOException)
        {
            // Busy until the last process is reaped.
        }
        return false;
    }
}
