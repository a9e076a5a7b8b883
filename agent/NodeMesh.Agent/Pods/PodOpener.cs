using System.Net;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Pods;

/// <summary>Opens a pod's network namespace, and refuses one that is not the pod's own.</summary>
internal static class PodOpener
{
    /// <exception cref="PodRefusedException">The namespace is missing, is the host's, or does not hold the pod's addresses.</exception>
    public static PodSandbox Open(LocalPod pod)
    {
        var netns = OpenNetns(pod);
        try
        {
            if (Netns.IsHost(netns))
            {
                throw new PodRefusedException(pod.Id, "NetnsIsHost",
                    $"network namespace {pod.Netns} is this machine's own: only a namespace of the pod's own can be enrolled");
            }

            var found = Netns.Addresses(netns);
            var missing = pod.DeclaredAddresses.Where(a => !found.Contains(a)).ToList();
            if (missing.Count > 0)
            {
                throw new PodRefusedException(pod.Id, "AddressNotInNetns",
                    $"network namespace {pod.Netns} does not hold {string.Join(", ", missing)} (it has {Text(found)}): wrong namespace, or status.podIPs is stale");
            }
            if (found.Count == 0)
            {
                throw new PodRefusedException(pod.Id, "NoAddress",
                    $"network namespace {pod.Netns} has no address yet: give it one, the agent looks again every second");
            }
            return new PodSandbox(pod.Id, netns, Netns.Cookie(netns), found, pod.Options);
        }
        catch
        {
            netns.Dispose();
            throw;
        }
    }

    /// <summary>The addresses of a pod that is not to be captured, so that the mesh knows it as a peer; null when it has no namespace.</summary>
    public static IReadOnlyList<IPAddress>? TryReadAddresses(LocalPod pod)
    {
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
    public static bool IsGone(PodSandbox sandbox, LocalPod pod) => TryCookie(pod) != sandbox.Cookie;

    /// <summary>The cookie of the namespace the pod names; null when there is none.</summary>
    public static ulong? TryCookie(LocalPod pod)
    {
        try
        {
            using var netns = Netns.Open(pod.Netns);
            return Netns.Cookie(netns);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The sandbox of a ledger entry, to be released: without a namespace when that is gone.</summary>
    public static PodSandbox Reopen(PodLedgerEntry entry)
    {
        var gone = new PodSandbox(entry.Id, new SafeFileHandle(-1, ownsHandle: false), entry.Cookie, [], PodCaptureOptions.Default);
        try
        {
            var netns = Netns.Open(entry.Netns);
            if (Netns.Cookie(netns) == entry.Cookie)
            {
                return gone with { Netns = netns, Addresses = Netns.Addresses(netns) };
            }
            netns.Dispose();
        }
        catch (IOException)
        {
            // Gone with everything in it.
        }
        return gone;
    }

    private static SafeFileHandle OpenNetns(LocalPod pod)
    {
        try
        {
            return Netns.Open(pod.Netns);
        }
        catch (IOException e)
        {
            throw new PodRefusedException(pod.Id, "NetnsMissing", $"network namespace {pod.Netns} can't be opened: {e.Message}");
        }
    }

    private static string Text(IReadOnlyCollection<IPAddress> addresses) => addresses.Count == 0 ? "none" : string.Join(", ", addresses);
}
