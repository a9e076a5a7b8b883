using System.Globalization;
using NodeMesh.Bench.Observers;
using NodeMesh.Bench.Scale;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Reporting;

/// <summary>The table as text, for the terminal and for the README: a title row for each work, a row for each system.</summary>
internal static class Grid
{
    public static readonly string[] Columns =
    [
        "system", "rate", "±", "p50", "p99", "p99.9", "CPU", "CPU of all", "rate:direct", "CPU:relay", "CPU:haproxy", "CPU:nginx",
    ];

    public static readonly string[] MemoryColumns = ["system", "fresh RSS", "fresh PSS", "per idle opaque", "per idle HTTP/1.1"];

    public static readonly string[] ScaleColumns =
    [
        "mesh", "compile all", "allocated", "proxy takes all", "change", "compile it", "worst", "allocated", "message", "proxy takes it", "worst",
    ];

    public const string ScaleLegend =
        "Each Service has ten endpoints. Agent: from resources to what the proxy is sent, all of it and one change (median and worst of 50). Proxy: from that message to the snapshot in force. "
        + "One thread each, in one process, without the network between them.";

    public static readonly string[] ObserverColumns = ["who is told", "rate", "±", "p99", "CPU", "CPU:plain", "±", "told a request"];

    public const string ObserverTitle = "HTTP/1.1 as in http1, through one node's mesh, by who is told of the requests (latency in us, CPU in us per request)";

    public const string Legend =
        "rate: median of the rounds, a second; ±: half the distance from the worst to the best round. CPU: of all processes of the system, "
        + "without client and server; CPU of all: with both. The last columns are ratios to that peer in the same run.";

    public static string Title(WorkResult work) =>
        $"{work.Work.Id}: {work.Work.Title} ({(work.Work.Unit == "GiB" ? "GiB/s, CPU in ms per GiB" : $"latency in us, CPU in us per {work.Work.Unit}")})";

    public static string[] Row(WorkResult work, SystemResult system)
    {
        if (!system.HasFigures)
        {
            return [system.System, system.Refused is null ? $"{system.Errors} errors" : "-", .. Enumerable.Repeat("", Columns.Length - 2)];
        }
        var bulk = work.Work.Unit == "GiB";
        var cpuUnit = bulk ? 1000.0 : 1;
        return
        [
            system.System,
            Number(system.Rate),
            $"{system.RateSpread * 100:0} %",
            bulk ? "" : Number(system.P50),
            bulk ? "" : Number(system.P99),
            bulk ? "" : Number(system.P999),
            system.Cpu > 0 ? Number(system.Cpu / cpuUnit) : "",
            Number(system.CpuOfAll / cpuUnit),
            Times(Ratio.Rate(work, system, "direct")),
            Times(Ratio.Cpu(work, system, "relay")),
            Times(Ratio.Cpu(work, system, "haproxy")),
            Times(Ratio.Cpu(work, system, "nginx")),
        ];
    }

    /// <summary>Why rows have no figures.</summary>
    public static IEnumerable<string> Remarks(Report report) =>
        report.Works.SelectMany(w => w.Systems.Where(s => !s.HasFigures).Select(s => $"{w.Work.Id}, {s.System}: {s.Refused ?? s.Error}"))
            .Concat(report.Memory.Where(m => m.Error is not null).Select(m => $"memory, {m.System}: {m.Error}"));

    public static string[] Row(MemoryResult memory) =>
    [
        memory.System, MegaBytes(memory.Opaque.Fresh.Rss), MegaBytes(memory.Opaque.Fresh.Pss),
        KiloBytes(memory.Opaque), memory.Http is null ? "" : KiloBytes(memory.Http),
    ];

    public static string[] Row(ScaleResult scale) =>
    [
        scale.Mesh, Milliseconds(scale.CompileAll), MegaBytes(scale.CompileAllBytes), Milliseconds(scale.ApplyAll), scale.Change,
        Milliseconds(scale.Compile.Median), Milliseconds(scale.Compile.Worst), KiloBytes(scale.CompileBytes), KiloBytes(scale.DeltaBytes),
        Milliseconds(scale.Apply.Median), Milliseconds(scale.Apply.Worst),
    ];

    public static string[] Row(ObserverResult result)
    {
        var (figures, told) = (result.Figures, result.Told is { } times ? Number(times) : "");
        return figures.HasFigures
            ? [figures.System, Number(figures.Rate), $"{figures.RateSpread * 100:0} %", Number(figures.P99), Number(figures.Cpu), Times(result.CpuToPlain), $"{result.CpuSpread * 100:0} %", told]
            : [figures.System, $"{figures.Errors} errors", .. Enumerable.Repeat("", ObserverColumns.Length - 2)];
    }

    public static string ObserverLegend(ObserverReport report) =>
        string.Create(CultureInfo.InvariantCulture, $"Counting for the metrics, which is never off, takes {report.CountingMicroseconds:0.00} us a request, measured apart on one thread. ")
        + "CPU:plain: the median of the rounds' ratios. " + string.Join("; ", report.Results.Select(result => $"{result.Observer.Name}: {result.Observer.Title}")) + ".";

    private static string Milliseconds(double milliseconds) => $"{Number(milliseconds)} ms";

    private static string KiloBytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} KB");

    private static string MegaBytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private static string KiloBytes(IdleMemory memory) =>
        memory.BytesPerConnection is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000:0.00} KB") : "errors";

    private static string Times(double? ratio) => ratio is { } r ? string.Create(CultureInfo.InvariantCulture, $"{r:0.00}x") : "";

    private static string Number(double n) => n switch
    {
        >= 1000 => n.ToString("#,##0", CultureInfo.InvariantCulture).Replace(',', ' '),
        >= 100 => n.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => n.ToString("0.0", CultureInfo.InvariantCulture),
        _ => n.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
