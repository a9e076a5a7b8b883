using System.Net;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Pods;

/// <summary>Opens a pod's network namespace, by its name, path, or the pod's uid, and refuses one that is not the pod's own.</summary>
internal sealed class PodOpener(PodProcesses processes)
{
    /// <exception cref="PodRefusedException">The namespace is missing, is the host's, or does not hold the pod's addresses.</exception>
    public PodSandbox Open(LocalPod pod)
    {
        PodRefusedException? refusal = null;
        foreach (var netns in Candidates(pod))
        {
            try
            {
                return Accept(pod, netns);
            }
            catch (Exception e)
            {
                netns.Dispose();
                if (e is not PodRefusedException refused)
                {
                    throw;
                }
                // A process in the host's network (conmon) stands beside those that matter.
                refusal = refusal is null or { Reason: "NetnsIsHost" } ? refused : refusal;
            }
        }
        throw refusal ?? new PodRefusedException(pod.Id, "NetnsMissing",
            $"no process of the pod is seen (uid {Uid(pod.Netns)}): it starts or ends, or the agent does not see the machine's processes (--proc)");
    }

    /// <summary>The addresses of a pod that is not to be captured, so that the mesh knows it as a peer; null when it has no namespace.</summary>
    public static IReadOnlyList<IPAddress>? TryReadAddresses(LocalPod pod)
    {
        // Whose namespace a process is in, nothing but the declared addresses would tell.
        if (Uid(pod.Netns) is not null)
        {
            return null;
        }
        try
        {
            using var netns = Netns.Open(pod.Netns);
            return Netns.IsHost(netns) ? null : Netns.Addresses(netns);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether the name now leads to another namespace, or to none.</summary>
    public bool IsGone(PodSandbox sandbox, LocalPod pod) => Find(pod.Netns, sandbox.Cookie) is not { } found || Close(found);

    /// <summary>The cookies of the namespaces that may be the pod's; none when there is none.</summary>
    public IReadOnlyList<ulong> Cookies(LocalPod pod)
    {
        var cookies = new List<ulong>();
        try
        {
            foreach (var netns in Named(pod.Netns))
            {
                using (netns)
                {
                    cookies.Add(Netns.Cookie(netns));
                }
            }
        }
        catch (IOException)
        {
            // There is none.
        }
        return cookies;
    }

    /// <summary>The sandbox of a ledger entry, to be released: without a namespace when that is gone with everything in it.</summary>
    public PodSandbox Reopen(PodLedgerEntry entry)
    {
        var netns = Find(entry.Netns, entry.Cookie);
        return new PodSandbox(
            entry.Id, netns ?? new SafeFileHandle(-1, ownsHandle: false), entry.Cookie, netns is null ? [] : Netns.Addresses(netns), PodCaptureOptions.Default);
    }

    private static PodSandbox Accept(LocalPod pod, SafeFileHandle netns)
    {
        var name = Uid(pod.Netns) is { } uid ? $"the network namespace of the pod's processes (uid {uid})" : $"network namespace {pod.Netns}";
        if (Netns.IsHost(netns))
        {
            throw new PodRefusedException(pod.Id, "NetnsIsHost",
                $"{name} is this machine's own: only a namespace of the pod's own can be enrolled");
        }

        var found = Netns.Addresses(netns);
        var missing = pod.DeclaredAddresses.Where(a => !found.Contains(a)).ToList();
        if (missing.Count > 0)
        {
            throw new PodRefusedException(pod.Id, "AddressNotInNetns",
                $"{name} does not hold {string.Join(", ", missing)} (it has {Text(found)}): wrong namespace, or status.podIPs is stale");
        }
        if (found.Count == 0)
        {
            throw new PodRefusedException(pod.Id, "NoAddress",
                $"{name} has no address yet: give it one, the agent looks again every second");
        }
        return new PodSandbox(pod.Id, netns, Netns.Cookie(netns), found, pod.Options);
    }

    private IEnumerable<SafeFileHandle> Candidates(LocalPod pod)
    {
        if (Uid(pod.Netns) is { } uid)
        {
            return pod.DeclaredAddresses.Count > 0
                ? processes.Namespaces(uid)
                : throw new PodRefusedException(pod.Id, "NoAddress", "none of the pod's addresses is its own (status.podIPs), so that its network namespace can't be told from others");
        }
        try
        {
            return [Netns.Open(pod.Netns)];
        }
        catch (IOException e)
        {
            throw new PodRefusedException(pod.Id, "NetnsMissing", $"network namespace {pod.Netns} can't be opened: {e.Message}");
        }
    }

    private IEnumerable<SafeFileHandle> Named(string name) => Uid(name) is { } uid ? processes.Namespaces(uid) : [Netns.Open(name)];

    private SafeFileHandle? Find(string name, ulong cookie)
    {
        try
        {
            foreach (var netns in Named(name))
            {
                if (Netns.Cookie(netns) == cookie)
                {
                    return netns;
                }
                netns.Dispose();
            }
        }
        catch (IOException)
        {
            // There is none.
        }
        return null;
    }

    private static bool Close(SafeFileHandle found)
    {
        found.Dispose();
        return false;
    }

    private static string? Uid(string netns) => netns.StartsWith(LocalPod.ByUid, StringComparison.Ordinal) ? netns[LocalPod.ByUid.Length..] : null;

    private static string Text(IReadOnlyCollection<IPAddress> addresses) => addresses.Count == 0 ? "none" : string.Join(", ", addresses);
}
