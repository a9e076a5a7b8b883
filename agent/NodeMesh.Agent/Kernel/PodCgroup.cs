using System.Text.RegularExpressions;

namespace NodeMesh.Agent.Kernel;

/// <summary>
/// The pods in the paths of /proc/PID/cgroup, as the kubelet makes them. Its two drivers, under cgroup v1 and v2:
/// <code>
/// cgroupfs  /kubepods/burstable/pod3f0c6a52-…-9d41/CONTAINER
/// systemd   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f0c6a52_…_9d41.slice/cri-containerd-CONTAINER.scope
/// CRI-O     …-pod3f0c6a52_…_9d41.slice/crio-CONTAINER.scope, with a cgroup of its own for conmon beside it
/// static    a pod from a file has a hash of 32 digits for its uid
/// </code>
/// What stands before and after differs by runtime, by distribution and in nested clusters, so that only this part is looked for.
/// </summary>
internal static partial class PodCgroup
{
    /// <summary>The uids of the pods that a process with these cgroups belongs to: more than one in a cluster within a pod.</summary>
    public static IEnumerable<string> Uids(string cgroups)
    {
        foreach (var match in PodPart().Matches(cgroups).DistinctBy(match => match.Value))
        {
            yield return match.Groups[1].Value.Replace('_', '-');
        }
    }

    [GeneratedRegex(@"(?<=[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=/|\.slice|$)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PodPart();
}
