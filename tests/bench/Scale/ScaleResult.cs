namespace NodeMesh.Bench.Scale;

/// <summary>What it costs to compile a mesh, and to bring the proxy one change of it.</summary>
/// <param name="Mesh">What there is.</param>
/// <param name="Change">What changes.</param>
/// <param name="CompileAll">Milliseconds, from resources to content.</param>
/// <param name="CompileAllBytes">Allocated for it.</param>
/// <param name="ApplyAll">Milliseconds, from the message to the proxy's snapshot.</param>
/// <param name="Compile">The same of a change, with the delta made.</param>
/// <param name="CompileBytes">Allocated for a change, the median.</param>
/// <param name="DeltaBytes">The message to the proxy.</param>
/// <param name="Apply">Of the change.</param>
internal sealed record ScaleResult(
    string Mesh, string Change, double CompileAll, long CompileAllBytes, double ApplyAll, Quantiles Compile, long CompileBytes, int DeltaBytes, Quantiles Apply);

/// <summary>Milliseconds.</summary>
internal sealed record Quantiles(double Median, double Worst)
{
    public static Quantiles Of(List<double> times)
    {
        times.Sort();
        return new Quantiles(times[times.Count / 2], times[^1]);
    }
}
