using System.Text.Json;
using NodeMesh.Bench.Observers;

namespace NodeMesh.Bench.Reporting;

/// <summary>Everything that was measured, every round of it.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static string Write(Report report) => JsonSerializer.Serialize(
        new
        {
            report.Machine,
            report.Seconds,
            report.Rounds,
            report.IdleConnections,
            Systems = report.Systems.Select(s => new { s.Name, s.Description }),
            Works = report.Works.Select(w => new
            {
                w.Work.Id,
                w.Work.Title,
                w.Work.Unit,
                Systems = w.Systems.Select(s => Figures(w, s)),
            }),
            Memory = report.Memory.Select(m => new
            {
                m.System,
                FreshRss = m.Opaque.Fresh.Rss,
                FreshPss = m.Opaque.Fresh.Pss,
                PerIdleOpaque = m.Opaque.BytesPerConnection,
                PerIdleHttp1 = m.Http?.BytesPerConnection,
                m.Error,
            }),
            report.Scale,
            Observers = report.Observers is { } observers ? new { observers.CountingMicroseconds, Results = observers.Results.Select(Figures) } : null,
        },
        Options);

    private static object Figures(ObserverResult result) => new
    {
        result.Observer.Name, result.Observer.Title, result.Figures.Errors, result.Figures.Rate, result.Figures.P99, CpuMicroseconds = result.Figures.Cpu, result.CpuToPlain, result.CpuSpread, result.Told, result.Rounds,
    };

    private static object Figures(WorkResult work, SystemResult system) => system.HasFigures
        ? new
        {
            Name = system.System,
            Errors = 0L,
            system.Rate,
            system.RateSpread,
            system.P50,
            system.P99,
            system.P999,
            CpuMicroseconds = system.Cpu,
            CpuMicrosecondsOfAll = system.CpuOfAll,
            Ratios = Ratio.Peers.Where(p => Ratio.Rate(work, system, p) is not null).ToDictionary(
                p => p, p => new { Rate = Ratio.Rate(work, system, p), P50 = Ratio.P50(work, system, p), Cpu = Ratio.Cpu(work, system, p) }),
            system.Rounds,
        }
        : new { Name = system.System, system.Errors, Reason = system.Refused ?? system.Error, system.Rounds };
}
