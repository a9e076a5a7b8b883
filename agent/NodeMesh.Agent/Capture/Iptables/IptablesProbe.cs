using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture.Ebpf;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>
/// Finds out whether the kernel and the installed iptables can capture: puts the very rules into a namespace made for it,
/// which is gone with the command.
/// </summary>
internal static class IptablesProbe
{
    // What the distribution calls iptables comes first: it is what others on the machine use.
    private static readonly string[] Suffixes = ["", "-nft", "-legacy"];

    public static ProbeResult Run()
    {
        try
        {
            var (backend, failures) = Choose();
            return new(ProbeOutcome.There, failures.Count == 0 ? Found(backend) : $"{Found(backend)} (before it, {string.Join("; ", failures)})");
        }
        catch (CaptureException e)
        {
            return new(e.InnerException is null ? ProbeOutcome.NotThere : ProbeOutcome.CouldNotTell, e.Message);
        }
    }

    /// <summary>The first backend that takes the rules, and why those before it did not.</summary>
    /// <exception cref="CaptureException">None does. With an inner exception: it could not be tried.</exception>
    public static (IptablesBackend Backend, IReadOnlyList<string> Failures) Choose()
    {
        try
        {
            IptablesBackend.Run("unshare", ["--net", "true"], "");
        }
        catch (CaptureException e)
        {
            throw new CaptureException($"no namespace to try the rules in (this needs CAP_SYS_ADMIN and unshare of util-linux): {e.Message}", e);
        }

        var failures = new List<string>();
        foreach (var suffix in Suffixes)
        {
            foreach (var hasRecent in new[] { true, false })
            {
                var failure = Try(suffix, hasRecent);
                if (failure is null)
                {
                    return (new IptablesBackend(suffix, hasRecent), failures);
                }
                failures.Add(failure);
            }
        }
        throw new CaptureException(
            $"neither iptables nor iptables-legacy takes the rules; install the package iptables, and a kernel with TPROXY, connmark and mark (xt_TPROXY, xt_connmark, xt_mark): {string.Join("; ", failures.Distinct())}");
    }

    private static string Found(IptablesBackend backend) =>
        $"{backend.Name} takes the rules{(backend.HasRecent ? "" : ", but without xt_recent: while no proxy is alive, connections hang instead of following the failure policy")}";

    private static string? Try(string suffix, bool hasRecent)
    {
        foreach (var (command, address, family) in new[]
        {
            ("iptables", IPAddress.Loopback, AddressFamily.InterNetwork),
            ("ip6tables", IPAddress.IPv6Loopback, AddressFamily.InterNetworkV6),
        })
        {
            if (family == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
            {
                continue;
            }
            var pod = new PodSandbox("probe", new(), 0, [address], PodCaptureOptions.Default);
            var rules = new IptablesRules(pod, family, (1, 2), hasRecent).Text(IptablesRules.Jumps, new HashSet<string>());
            try
            {
                IptablesBackend.Run("unshare", ["--net", $"{command}{suffix}-restore", "--noflush", "-w", "5"], rules);
            }
            catch (CaptureException e)
            {
                return e.Message;
            }
        }
        return null;
    }
}
