using System.Net.Sockets;

namespace NodeMesh.Agent.Kernel;

/// <summary>A policy routing rule (ip-rule(8)) that looks a table up.</summary>
/// <param name="Mark">Only packets with this mark; null: all.</param>
/// <param name="Protocol">Who made the rule (RTPROT_*): 2 is the kernel. Not a packet's protocol.</param>
/// <param name="Plain">False when the rule selects by anything else than the mark, or does anything else than a look-up.</param>
internal readonly record struct RoutingRule(
    AddressFamily Family, uint Preference, uint Table, uint? Mark, byte Protocol, bool Plain = true)
{
    /// <summary>RT_TABLE_LOCAL: the addresses of the namespace itself.</summary>
    public const uint LocalTable = 255;

    /// <summary>RTPROT_KERNEL.</summary>
    public const byte MadeByKernel = 2;

    /// <summary>As ip-rule(8) writes it, but for what <see cref="Plain"/> hides.</summary>
    public override string ToString() =>
        $"{Preference}: from all{(Mark is { } mark ? $" fwmark 0x{mark:x}" : "")}{(Plain ? "" : " (and more)")} lookup {(Table == LocalTable ? "local" : Table)}";
}
