using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// The routes and sysctls of a captured pod, the same for eBPF and iptables: a packet with <see cref="LoopMark.Loop"/> goes to
/// lo whatever its destination, and comes in there as if it had been sent to this machine. As commands, in the pod:
/// <code>
/// ip rule add pref 100 lookup local                    # where the local table moves to: after the mark
/// ip rule add pref 50 fwmark 0x53a lookup 100          # before it: else the pod's own addresses would be delivered by their own device, not lo
/// ip rule del pref 0
/// ip route add local default dev lo src POD table 100  # without src the destination itself would become the source
/// sysctl net.ipv4.tcp_fwmark_accept=1                  # the app's replies to a leg go back over lo, to the proxy
/// sysctl net.ipv4.fwmark_reflect=1                     # so does the kernel's own RST from a closed port
/// </code>
/// and the same for IPv6 where the pod has addresses of that family.
/// </summary>
internal sealed class PodRouting(string agentDirectory)
{
    /// <summary>RTPROT_*: makes what is ours known as such, and shows in ip(8) as "proto 83". Taken by nobody in rt_protos.</summary>
    public const byte MadeByMesh = 83;

    private const uint MarkPreference = 50;
    private const uint LocalPreference = 100;

    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private static readonly Dictionary<string, string> SysctlsV4 = new()
    {
        ["ipv4/tcp_fwmark_accept"] = "1", // governs IPv6 as well
        ["ipv4/fwmark_reflect"] = "1",
    };

    private static readonly Dictionary<string, string> SysctlsV6 = new() { ["ipv6/fwmark_reflect"] = "1" };

    /// <summary>The values of sysctls before the mesh changed them; shared with the other parts of capture that change any.</summary>
    public PodSysctls Sysctls { get; } = new(agentDirectory);

    /// <summary>Makes rules, routes and sysctls what they must be, whatever part of them is there.</summary>
    /// <exception cref="CaptureException">Rules or routes of somebody else stand where the mesh's must. Nothing was changed.</exception>
    public void Apply(PodSandbox pod)
    {
        try
        {
            using var netlink = RouteNetlink.Open(pod.Netns);
            var families = FamiliesOf(pod);
            foreach (var family in families)
            {
                RefuseForeign(pod, netlink, family);
            }
            Sysctls.Apply(pod, SysctlsFor(families));
            foreach (var family in families)
            {
                Apply(pod, netlink, family);
            }
        }
        catch (KernelException e)
        {
            throw new CaptureException($"pod {pod.Id}: {e.Message}", e);
        }
    }

    /// <summary>What is not as <see cref="Apply(PodSandbox)"/> leaves it, in words.</summary>
    public IReadOnlyList<string> Missing(PodSandbox pod)
    {
        using var netlink = RouteNetlink.Open(pod.Netns);
        var families = FamiliesOf(pod);
        var missing = new List<string>(PodSysctls.Missing(pod, SysctlsFor(families)));
        foreach (var family in families)
        {
            var rules = netlink.Rules(family);
            var routes = netlink.Routes(family, LoopMark.Table);
            foreach (var rule in Rules(family))
            {
                if (!rules.Contains(rule))
                {
                    missing.Add($"{family} rule \"{rule}\" is not there");
                }
            }
            missing.AddRange(rules.Where(rule => rule.Preference < LocalPreference && rule.Protocol != MadeByMesh)
                .Select(rule => $"{family} rule \"{rule}\" comes before those of the mesh"));
            if (!routes.Contains(LoopRoute(pod, family)))
            {
                missing.Add($"{family} default route of table {LoopMark.Table} is not there");
            }
        }
        if (pod.Addresses.Any(a => a.AddressFamily == AddressFamily.InterNetworkV6) && !families.Contains(AddressFamily.InterNetworkV6))
        {
            missing.Add("the pod has IPv6 addresses but IPv6 is disabled on its lo: its IPv6 connections cannot be steered");
        }
        return missing;
    }

    /// <summary>Gives everything back exactly as found. Idempotent; for a sandbox that is gone it only forgets.</summary>
    public void Restore(PodSandbox pod)
    {
        if (pod.Netns.IsClosed || pod.Netns.IsInvalid)
        {
            Sysctls.Forget(pod);
            return;
        }
        using (var netlink = RouteNetlink.Open(pod.Netns))
        {
            foreach (var family in Families)
            {
                Restore(netlink, family);
            }
        }
        Sysctls.Restore(pod, [.. SysctlsV4.Keys, .. SysctlsV6.Keys]);
    }

    /// <summary>The families whose connections can be steered: those the pod has addresses of, IPv6 only if its lo has it.</summary>
    public static IReadOnlyList<AddressFamily> FamiliesOf(PodSandbox pod) =>
        [.. Families.Where(family => pod.Addresses.Any(address => address.AddressFamily == family)
            && (family == AddressFamily.InterNetwork || Netns.LoopbackHasIPv6(pod.Netns)))];

    private static void Apply(PodSandbox pod, RouteNetlink netlink, AddressFamily family)
    {
        var rules = netlink.Rules(family);
        // In this order there is never a moment without the local table, nor one in which a mark leads nowhere.
        var route = LoopRoute(pod, family);
        if (!netlink.Routes(family, LoopMark.Table).Contains(route))
        {
            netlink.Put(route);
        }
        foreach (var rule in Rules(family))
        {
            if (!rules.Contains(rule))
            {
                netlink.Add(rule);
            }
        }
        foreach (var original in rules.Where(IsOriginalLocal))
        {
            netlink.Delete(original);
        }
    }

    private static void Restore(RouteNetlink netlink, AddressFamily family)
    {
        var ours = netlink.Rules(family).Where(rule => rule.Protocol == MadeByMesh).ToList();
        // The local rule was moved if it is at our preference; then it goes back before ours go away.
        if (ours.Any(rule => rule.Preference == LocalPreference))
        {
            netlink.Add(OriginalLocal(family));
        }
        foreach (var rule in ours)
        {
            netlink.Delete(rule);
        }
        foreach (var route in netlink.Routes(family, LoopMark.Table).Where(route => route.Protocol == MadeByMesh))
        {
            netlink.Delete(route);
        }
    }

    // Before the local table stood first, and nothing stood before the main table but it. A rule in between would see packets to
    // the pod's own addresses, or take marked packets away; a route beside ours in table 100 would take them too.
    private static void RefuseForeign(PodSandbox pod, RouteNetlink netlink, AddressFamily family)
    {
        foreach (var rule in netlink.Rules(family))
        {
            if (rule.Preference <= LocalPreference && rule.Protocol != MadeByMesh && !IsOriginalLocal(rule))
            {
                throw new CaptureException(
                    $"pod {pod.Id}: its {family} routing rule \"{rule}\" stands where the mesh needs its own (preferences 0 to {LocalPreference}); give it a preference above {LocalPreference}");
            }
        }
        if (netlink.Routes(family, LoopMark.Table).Any(route => route.Protocol != MadeByMesh))
        {
            throw new CaptureException(
                $"pod {pod.Id}: somebody else uses its {family} routing table {LoopMark.Table}, which the mesh needs; move those routes to another table");
        }
    }

    private static bool IsOriginalLocal(RoutingRule rule) =>
        rule == OriginalLocal(rule.Family) with { Protocol = rule.Protocol } && rule.Protocol != MadeByMesh;

    private static RoutingRule OriginalLocal(AddressFamily family) =>
        new(family, 0, RoutingRule.LocalTable, null, RoutingRule.MadeByKernel);

    private static RoutingRule[] Rules(AddressFamily family) =>
    [
        new(family, LocalPreference, RoutingRule.LocalTable, null, MadeByMesh),
        new(family, MarkPreference, LoopMark.Table, LoopMark.Loop, MadeByMesh),
    ];

    private static Route LoopRoute(PodSandbox pod, AddressFamily family) => new(
        family, LoopMark.Table, Route.Local, 0, Route.LoopbackInterface, pod.Addresses.First(a => a.AddressFamily == family), MadeByMesh);

    private static Dictionary<string, string> SysctlsFor(IReadOnlyList<AddressFamily> families) =>
        new(families.Contains(AddressFamily.InterNetworkV6) ? [.. SysctlsV4, .. SysctlsV6] : SysctlsV4);
}
