namespace NodeMesh.Bench.Reporting;

/// <summary>One system against a peer, in the same work of the same run.</summary>
internal static class Ratio
{
    public static readonly string[] Peers = ["direct", "relay", "haproxy", "nginx"];

    /// <summary>Rate as a multiple of the peer's: more is better.</summary>
    public static double? Rate(WorkResult work, SystemResult system, string peer) => Of(work, system, peer, r => r.Rate);

    /// <summary>Time of a median round trip as a multiple of the peer's: less is better.</summary>
    public static double? P50(WorkResult work, SystemResult system, string peer) => Of(work, system, peer, r => r.P50);

    /// <summary>The system's own CPU time per unit as a multiple of the peer's: less is better.</summary>
    public static double? Cpu(WorkResult work, SystemResult system, string peer) => Of(work, system, peer, r => r.Cpu);

    private static double? Of(WorkResult work, SystemResult system, string peer, Func<SystemResult, double> figure)
    {
        var other = work.Systems.FirstOrDefault(s => s.System == peer);
        return other is { HasFigures: true } && system.HasFigures && system != other && figure(other) > 0 && figure(system) > 0 ? figure(system) / figure(other) : null;
    }
}
