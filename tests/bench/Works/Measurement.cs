using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>
/// One run of one work on one system. CPU in microseconds per unit: of the system's processes, and of everybody who took part
/// (client, system and server), since a system can push work onto the two ends.
/// </summary>
internal sealed record Measurement(double Rate, double P50, double P99, double P999, double Cpu, double CpuOfAll, long Errors, string Error)
{
    /// <summary>Microseconds in a second below which nobody can have carried the load.</summary>
    private const double LeastCpu = 2_000;

    public static async Task<Measurement> TakeAsync(
        Work work, MeasuredSystem system, Cgroup client, Cgroup servers, Workspace workspace, double seconds, CancellationToken cancelled)
    {
        long OfSystem() => system.Cgroups.Sum(c => c.CpuMicroseconds());
        long OfEnds() => client.CpuMicroseconds() + servers.CpuMicroseconds();

        var (systemBefore, endsBefore) = (OfSystem(), OfEnds());
        var result = await work.RunAsync(system, client, workspace, seconds, cancelled);
        double cpu = OfSystem() - systemBefore, ends = OfEnds() - endsBefore;
        var units = work.Units(result);
        var error = result.Errors > 0 ? result.Error
            : units <= 0 ? "nothing was done"
            : system.Cgroups.Any() && cpu < LeastCpu * result.Seconds ? "its processes used no CPU time: the traffic went past it"
            : "";
        return new Measurement(
            units / result.Seconds, result.P50, result.P99, result.P999, cpu / units, (cpu + ends) / units,
            error.Length > 0 ? Math.Max(1, result.Errors) : 0, error);
    }
}
