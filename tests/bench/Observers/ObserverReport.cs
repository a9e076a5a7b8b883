using NodeMesh.Bench.Reporting;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Observers;

/// <param name="CountingMicroseconds">What counting one request takes, measured apart: it is never off.</param>
internal sealed record ObserverReport(double CountingMicroseconds, IReadOnlyList<ObserverResult> Results);

/// <param name="Plain">The rounds without it.</param>
/// <param name="Told">How often for a request; null: nothing counts that.</param>
internal sealed record ObserverResult(Observer Observer, List<Measurement> Rounds, IReadOnlyList<Measurement> Plain, double? Told)
{
    public SystemResult Figures { get; } = new(Observer.Name, null, Rounds);

    /// <summary>CPU time of a request as a multiple of the plain mesh's in the same round: the median of the rounds. A machine that gets slower does so for both.</summary>
    public double CpuToPlain => Median([.. Rounds.Zip(Plain, (own, plain) => own.Cpu / plain.Cpu)]);

    /// <summary>Half the distance between the lowest and the highest of these.</summary>
    public double CpuSpread => Rounds.Zip(Plain, (own, plain) => own.Cpu / plain.Cpu).ToList() is var ratios ? (ratios.Max() - ratios.Min()) / 2 : 0;

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[values.Count / 2] + values[(values.Count - 1) / 2]) / 2;
    }
}
