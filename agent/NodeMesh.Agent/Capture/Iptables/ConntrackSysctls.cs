namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>
/// In iptables mode a captured connection lives as long as its conntrack entry, since that holds its mark. The kernel's
/// defaults forget a half-closed connection after 60 s; these are per namespace, and set in the pod's alone.
/// </summary>
internal static class ConntrackSysctls
{
    // As long as the kernel keeps an established connection: the other half may be in use for as long.
    private const string FiveDays = "432000";

    // Longer than TCP goes on retransmitting (tcp_retries2 = 15: 924 s).
    private const string Retransmitting = "1200";

    public static IReadOnlyDictionary<string, string> Wanted { get; } = new Dictionary<string, string>
    {
        ["netfilter/nf_conntrack_tcp_timeout_fin_wait"] = FiveDays,
        ["netfilter/nf_conntrack_tcp_timeout_close_wait"] = FiveDays,
        ["netfilter/nf_conntrack_tcp_timeout_last_ack"] = Retransmitting,
        ["netfilter/nf_conntrack_tcp_timeout_max_retrans"] = Retransmitting,
        ["netfilter/nf_conntrack_tcp_timeout_unacknowledged"] = Retransmitting,
        // A packet out of the window conntrack has reckoned would have no entry, hence no mark, and leave past the mesh.
        ["netfilter/nf_conntrack_tcp_be_liberal"] = "1",
    };
}
