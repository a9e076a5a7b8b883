using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>A pod with processes in the cgroup that a kubelet with the systemd driver and containerd would have made.</summary>
public sealed class PodProcess(TestPod pod, string uid) : IAsyncDisposable
{
    private readonly List<ChildProcess> _processes = [];

    public TestPod Pod => pod;

    public string Uid => uid;

    private string Slice => $"{Root}/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid.Replace('-', '_')}.slice";

    private static string Root => File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).First(mount => mount[2] == "cgroup2")[1];

    /// <summary>One more process of the pod, in a container of its own, in the pod's network namespace or the machine's.</summary>
    public async Task<ChildProcess> StartAsync(bool isInHostNetwork = false)
    {
        var netns = isInHostNetwork ? pod.Node.Netns : pod.Netns;
        var process = ChildProcess.Start(["nsenter", $"--net=/run/netns/{netns}", "--", "sleep", "infinity"]);
        _processes.Add(process);
        var container = $"{Slice}/cri-containerd-{_processes.Count}.scope";
        Directory.CreateDirectory(container);
        await File.WriteAllTextAsync($"{container}/cgroup.procs", process.Pid.ToString());
        return process;
    }

    public async Task EndAsync(ChildProcess process)
    {
        _processes.Remove(process);
        await process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
        _processes.Clear();
        if (Directory.Exists(Slice))
        {
            foreach (var container in Directory.GetDirectories(Slice))
            {
                await RemoveAsync(container);
            }
            await RemoveAsync(Slice);
            // Others' pods may be in these.
            foreach (var above in new[] { Path.GetDirectoryName(Slice)!, $"{Root}/kubepods.slice" })
            {
                try
                {
                    Directory.Delete(above);
                }
                catch (IOException)
                {
                    break;
                }
            }
        }
    }

    // A cgroup is busy until its last process is reaped.
    private static Task RemoveAsync(string cgroup) => Eventually.TrueAsync($"{cgroup} can be removed", () =>
    {
        try
        {
            Directory.Delete(cgroup);
        }
        catch (IOException)
        {
            return Task.FromResult(false);
        }
        return Task.FromResult(true);
    });
}
