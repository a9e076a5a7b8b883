namespace NodeMesh.Agent.Capture;

/// <summary>Socket marks, the same in both modes.</summary>
internal static class LoopMark
{
    /// <summary>Packets with this mark are routed to lo inside the pod: by rule 50 to <see cref="Table"/>.</summary>
    public const uint Loop = 0x53a;

    /// <summary>iptables mode only: the mesh's own upstream sockets. In eBPF mode they are known by sk_storage, which no pod can forge.</summary>
    public const uint Own = 0x53b;

    /// <summary>The routing table that sends everything to lo.</summary>
    public const int Table = 100;
}
