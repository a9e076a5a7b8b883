using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>
/// The rules of one pod and one family, as input for iptables-restore. Pure: the same pod gives the same text. How it works:
/// <list type="number">
/// <item>OUTPUT marks what the app dials with <see cref="LoopMark.Loop"/>, and <see cref="PodRouting"/> sends that to lo.</item>
/// <item>PREROUTING on lo gives the SYN to the outbound listener (TPROXY: no address is rewritten), and notes the mark in the
/// connection's conntrack entry, from which OUTPUT marks the app's later packets: an app's socket itself has no mark here.</item>
/// <item>PREROUTING elsewhere gives SYNs to the pod's own addresses to the inbound listener. Their later packets need nothing:
/// the accepted socket has the very address pair of the packets.</item>
/// </list>
/// Only SYNs are steered, so connections that were there before go on untouched.
/// </summary>
/// <param name="ports">Of the outbound and the inbound listener; null when new connections are no longer steered but those under way go on.</param>
/// <param name="hasRecent">Whether the kernel has the match "recent": see <see cref="Heartbeat"/>.</param>
internal sealed class IptablesRules(PodSandbox pod, AddressFamily family, (int Outbound, int Inbound)? ports, bool hasRecent)
{
    public const string OutChain = "NODEMESH_OUT";
    public const string InChain = "NODEMESH_IN";
    public const string RefuseChain = "NODEMESH_REFUSE";

    /// <summary>/proc/net/xt_recent/...: the pod's addresses with the time of the agent's last heartbeat.</summary>
    public const string HeartbeatV4 = "NODEMESH";
    public const string HeartbeatV6 = "NODEMESH6";

    /// <summary>Older than this, and the agent counts as dead. Longer than a restart of the agent takes.</summary>
    public const int HeartbeatSeconds = 10;

    /// <summary>Packets with this mark are answered with a reset.</summary>
    public const uint RefuseMark = 0x53d;

    /// <summary>Which comment begins every chain: then a fingerprint of its rules.</summary>
    public const string Signature = "nodemesh";

    /// <summary>Ends the comment in a table that the mesh made.</summary>
    public const string NewTable = ":new";

    /// <summary>In the one rule whose packets are connections that went past the mesh, and in no other.</summary>
    public const string UnmeshedWords = "recent ! --rcheck";

    /// <summary>Where the chains are.</summary>
    public static IReadOnlyDictionary<string, string> TableOf { get; } =
        new Dictionary<string, string> { [OutChain] = "mangle", [InChain] = "mangle", [RefuseChain] = "filter" };

    private const string Syn = "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"; // what --syn is short for

    private readonly bool _isV4 = family == AddressFamily.InterNetwork;

    private IEnumerable<IPAddress> Own => pod.Addresses.Where(address => address.AddressFamily == family);

    private IEnumerable<IPNetwork> ExcludedNetworks => pod.Options.ExcludedOutboundNetworks.Where(n => n.BaseAddress.AddressFamily == family);

    public string HeartbeatName => _isV4 ? HeartbeatV4 : HeartbeatV6;

    /// <summary>How the chains begin whose content is this one's.</summary>
    public string Fingerprint =>
        $"{Signature}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [.. Out(), .. In(), .. Refuse()]))))[..16]}";

    /// <summary>chain -> number of its rules, the comment at its head included.</summary>
    public IReadOnlyDictionary<string, int> Sizes => new Dictionary<string, int>
    {
        [OutChain] = Out().Count() + 1,
        [InChain] = In().Count() + 1,
        [RefuseChain] = Refuse().Count() + 1,
    };

    /// <summary>One transaction that makes the chains be these, whatever they were.</summary>
    /// <param name="jumps">The rules of the built-in chains that must be added: see <see cref="Jumps"/>.</param>
    /// <param name="newTables">The tables that were not there before: their chains remember it in their comments.</param>
    /// <param name="unmeshed">What the counter of unmeshed connections begins with.</param>
    public string Text(IEnumerable<(string Table, string Rule)> jumps, IReadOnlySet<string> newTables, long unmeshed = 0)
    {
        var lines = new StringBuilder();
        foreach (var table in new[] { "mangle", "filter" })
        {
            lines.Append('*').Append(table).Append('\n');
            foreach (var (chain, rules) in Chains(table))
            {
                // In a --noflush restore, naming a chain empties it.
                lines.Append($":{chain} - [0:0]\n-A {chain} -m comment --comment \"{Fingerprint}{(newTables.Contains(table) ? NewTable : "")}\"\n");
                foreach (var rule in rules)
                {
                    var counter = rule.Contains(UnmeshedWords, StringComparison.Ordinal) ? $"[{unmeshed}:0] " : "";
                    lines.Append($"{counter}-A {chain} {rule}\n");
                }
            }
            foreach (var (_, rule) in jumps.Where(jump => jump.Table == table))
            {
                lines.Append($"-I {rule}\n");
            }
            lines.Append("COMMIT\n");
        }
        return lines.ToString();
    }

    /// <summary>
    /// What leads into the chains, first in their built-in chains:
    /// <code>
    /// iptables -t mangle -I OUTPUT     -p tcp -j NODEMESH_OUT     # changing the mark there makes the kernel route again
    /// iptables -t mangle -I PREROUTING -p tcp -j NODEMESH_IN
    /// iptables -t filter -I INPUT      -p tcp -m mark --mark 0x53d -j NODEMESH_REFUSE   # REJECT works in this table alone
    /// </code>
    /// </summary>
    public static IReadOnlyList<(string Table, string Rule)> Jumps { get; } =
    [
        ("mangle", $"OUTPUT -p tcp -j {OutChain}"),
        ("mangle", $"PREROUTING -p tcp -j {InChain}"),
        ("filter", $"INPUT -p tcp -m mark --mark 0x{RefuseMark:x} -j {RefuseChain}"),
    ];

    private IEnumerable<(string Chain, IEnumerable<string> Rules)> Chains(string table) =>
        table == "mangle" ? [(OutChain, Out()), (InChain, In())] : [(RefuseChain, Refuse())];

    // iptables -t mangle -A NODEMESH_OUT ...: packets of the pod's sockets.
    private IEnumerable<string> Out()
    {
        // -m mark --mark 0x53b -j RETURN: the mesh's own upstreams leave.
        yield return $"-m mark --mark 0x{LoopMark.Own:x} -j RETURN";
        // -o lo -j RETURN: to the pod itself, or by their mark on their way to lo already, as the mesh's inbound legs are.
        yield return "-o lo -j RETURN";
        // -m connmark --mark 0x53a -j MARK --set-mark 0x53a: of a connection that was captured when it began.
        yield return $"-m connmark --mark 0x{LoopMark.Loop:x} -j MARK --set-mark 0x{LoopMark.Loop:x}";
        // ! --syn -j RETURN: only what begins is captured; the rest was there before, or answers.
        yield return "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j RETURN";
        if (ports is null)
        {
            yield break;
        }
        if (!_isV4)
        {
            // -d fe80::/10 -j RETURN: link-local peers have no meaning elsewhere.
            yield return "-d fe80::/10 -j RETURN";
        }
        foreach (var network in ExcludedNetworks)
        {
            yield return $"-d {network} -j RETURN";
        }
        foreach (var port in pod.Options.ExcludedOutboundPorts)
        {
            yield return $"-p tcp -m tcp --dport {port} -j RETURN";
        }
        if (hasRecent && pod.Options.OnFailure == FailurePolicy.Open)
        {
            // -m recent ! --rcheck --seconds 10 -j RETURN: the mesh is dead, the connection goes its own way. Its packets are the pod's "unmeshed" counter.
            yield return $"{Alive("! ")} --rsource -j RETURN";
        }
        // -j MARK --set-mark 0x53a: to lo.
        yield return $"-j MARK --set-mark 0x{LoopMark.Loop:x}";
    }

    // iptables -t mangle -A NODEMESH_IN ...: packets that arrive, on lo those that OUTPUT and the routing rules sent there.
    private IEnumerable<string> In()
    {
        // -i lo -m mark --mark 0x53a -j CONNMARK --set-mark 0x53a: remembers that the connection is captured; with every packet,
        // also those of the proxy, so that an entry that conntrack lost is made good.
        yield return $"-i lo -m mark --mark 0x{LoopMark.Loop:x} -j CONNMARK --set-mark 0x{LoopMark.Loop:x}";
        // ! --syn -j RETURN: an established connection finds its socket by itself. TPROXY would drop packets of the sockets that are not transparent.
        yield return "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j RETURN";
        if (ports is not ({ } outbound, { } inbound))
        {
            yield break;
        }
        foreach (var port in new[] { outbound, inbound })
        {
            // --dport LISTENER -m mark ! --mark 0x53a -j MARK --set-mark 0x53d: nobody dials a listener itself...
            yield return $"{Syn} --dport {port} -m mark ! --mark 0x{LoopMark.Loop:x} -j MARK --set-mark 0x{RefuseMark:x}";
            foreach (var own in Own)
            {
                // ... not even with the mark of the mesh, which takes CAP_NET_RAW.
                yield return $"-d {own} {Syn} --dport {port} -j MARK --set-mark 0x{RefuseMark:x}";
            }
        }
        // -m mark --mark 0x53d -j RETURN: decided.
        yield return $"-m mark --mark 0x{RefuseMark:x} -j RETURN";
        // -i lo -m mark ! --mark 0x53a -j RETURN: the pod talks to itself.
        yield return $"-i lo -m mark ! --mark 0x{LoopMark.Loop:x} -j RETURN";
        foreach (var own in Own)
        {
            // -i lo -d POD -j RETURN: an inbound leg, on its way to the app.
            yield return $"-d {own} -i lo -j RETURN";
        }
        // -i lo -j TPROXY --on-port OUTBOUND: everything else on lo is somewhere else's.
        yield return $"-i lo {Syn}{IfAlive("--rsource")} -j TPROXY --on-port {outbound}";
        // -i lo -j MARK --set-mark 0x53d: the mesh is dead, and nothing of the pod's own may answer in the place of another.
        yield return $"-i lo -j MARK --set-mark 0x{RefuseMark:x}";
        yield return "-i lo -j RETURN";

        foreach (var port in pod.Options.ExcludedInboundPorts)
        {
            yield return $"-p tcp -m tcp --dport {port} -j RETURN";
        }
        foreach (var own in Own)
        {
            // -s POD -j RETURN: the pod by way of a Service and back.
            yield return $"-s {own} -j RETURN";
        }
        foreach (var own in Own)
        {
            // -d POD -j TPROXY --on-port INBOUND: from elsewhere to the pod.
            yield return $"-d {own} {Syn}{IfAlive("--rdest")} -j TPROXY --on-port {inbound}";
            if (hasRecent && pod.Options.OnFailure == FailurePolicy.Closed)
            {
                // -d POD -j MARK --set-mark 0x53d: the mesh is dead.
                yield return $"-d {own} {Syn} -j MARK --set-mark 0x{RefuseMark:x}";
            }
        }
    }

    // iptables -t filter -A NODEMESH_REFUSE -p tcp --syn -j REJECT --reject-with tcp-reset: refused at once; a drop would hang for two
    // minutes. Only the SYN: the reset itself carries the same mark (fwmark_reflect) and on lo comes by here too.
    private static IEnumerable<string> Refuse() => [$"{Syn} -j REJECT --reject-with tcp-reset"];

    private string IfAlive(string side) => hasRecent ? $" {Alive("")} {side}" : "";

    // -m recent --rcheck --seconds 10 --name NODEMESH: the agent's heartbeat for the packet's source or destination is not older.
    // Without a listener TPROXY drops; with this, a pod whose mesh is dead is refused (or let through) instead.
    private string Alive(string not) =>
        string.Create(CultureInfo.InvariantCulture, $"-m recent {not}--rcheck --seconds {HeartbeatSeconds} --name {HeartbeatName}");
}
