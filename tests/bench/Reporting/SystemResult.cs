using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Reporting;

/// <summary>All rounds of one work on one system, or why there are none. A figure is the median of the rounds.</summary>
internal sealed record SystemResult(string System, string? Refused, List<Measurement> Rounds)
{
    /// <summary>Counted in all rounds. A system with errors gets no figures: it did not do the work.</summary>
    public long Errors => Rounds.Sum(r => r.Errors);

    public string Error => Rounds.FirstOrDefault(r => r.Errors > 0)?.Error ?? "";

    public bool HasFigures => Refused is null && Errors == 0 && Rounds.Count > 0;

    public double Rate => Median(r => r.Rate);

    public double P50 => Median(r => r.P50);

    public double P99 => Median(r => r.P99);

    public double P999 => Median(r => r.P999);

    public double Cpu => Median(r => r.Cpu);

    public double CpuOfAll => Median(r => r.CpuOfAll);

    /// <summary>Half the distance between the best and the worst round, as a part of the median.</summary>
    public double RateSpread => Rate > 0 ? (Rounds.Max(r => r.Rate) - Rounds.Min(r => r.Rate)) / 2 / Rate : 0;

    private double Median(Func<Measurement, double> figure)
    {
        var sorted = Rounds.Select(figure).Order().ToArray();
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
