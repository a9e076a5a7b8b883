using System.Globalization;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// Finds the network namespaces of running pods by their uids: the kubelet puts a pod's processes into cgroups of its name.
/// Needs the processes of the machine to be seen (in a container by the procfs of the machine). The control loop's alone.
/// </summary>
internal sealed class PodProcesses(TimeProvider time, string proc)
{
    /// <summary>All of /proc is read for it, about 20 us to a process: not for every pod again.</summary>
    private static readonly TimeSpan ScanInterval = TimeSpan.FromMilliseconds(500);

    private Dictionary<string, List<PodProcess>> _byUid = [];
    private long? _scanned;

    /// <summary>
    /// The namespaces of the pod's processes, each once, that of the oldest process first: the sandbox's own is as old as the pod, others
    /// were made within it (docker in docker) or are those of a process that passes through. Which of them is the pod's, the caller must find out.
    /// </summary>
    public IEnumerable<SafeFileHandle> Namespaces(string uid)
    {
        var seen = new HashSet<ulong>();
        var wasFound = false;
        foreach (var netns in Open(uid, seen))
        {
            wasFound = true;
            yield return netns;
        }
        // The oldest may have ended, and the pod be started anew.
        if (!wasFound || seen.Count == 0)
        {
            Scan();
            foreach (var netns in Open(uid, seen))
            {
                yield return netns;
            }
        }
    }

    private IEnumerable<SafeFileHandle> Open(string uid, HashSet<ulong> seen)
    {
        foreach (var process in _byUid.GetValueOrDefault(uid) ?? [])
        {
            if (TryOpen(process, uid) is not { } netns)
            {
                continue;
            }
            if (seen.Add(Inode.Of(netns)))
            {
                yield return netns;
            }
            else
            {
                netns.Dispose();
            }
        }
    }

    // Asked of the cgroup only when the namespace is open: the pid may be another process's by now.
    private SafeFileHandle? TryOpen(PodProcess process, string uid)
    {
        try
        {
            var netns = Netns.Open($"{proc}/{process.Pid}/ns/net");
            if (PodCgroup.Uids(File.ReadAllText($"{proc}/{process.Pid}/cgroup")).Contains(uid))
            {
                return netns;
            }
            netns.Dispose();
        }
        catch (IOException)
        {
            // It has ended.
        }
        return null;
    }

    private void Scan()
    {
        if (_scanned is { } last && time.GetElapsedTime(last) < ScanInterval)
        {
            return;
        }
        _scanned = time.GetTimestamp();
        var found = new Dictionary<string, List<PodProcess>>();
        foreach (var directory in Directory.EnumerateDirectories(proc))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, null, out var pid))
            {
                continue;
            }
            try
            {
                foreach (var uid in PodCgroup.Uids(File.ReadAllText($"{directory}/cgroup")))
                {
                    if (!found.TryGetValue(uid, out var processes))
                    {
                        found.Add(uid, processes = []);
                    }
                    processes.Add(new PodProcess(pid, StartOf(directory)));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }
        foreach (var processes in found.Values)
        {
            processes.Sort((a, b) => a.Started != b.Started ? a.Started.CompareTo(b.Started) : a.Pid.CompareTo(b.Pid));
        }
        _byUid = found;
    }

    // Field 22 of proc_pid_stat(5), counted behind the command's name, which may hold anything.
    private static ulong StartOf(string directory)
    {
        var stat = File.ReadAllText($"{directory}/stat");
        return ulong.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], CultureInfo.InvariantCulture);
    }

    private readonly record struct PodProcess(int Pid, ulong Started);
}
