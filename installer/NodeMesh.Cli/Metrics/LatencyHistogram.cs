namespace NodeMesh.Cli.Metrics;

/// <summary>Cumulative counts by upper bound ("le"), as a Prometheus histogram has them; several series add up to one.</summary>
internal sealed class LatencyHistogram
{
    private readonly SortedDictionary<double, double> _buckets = [];

    public void Add(double upperBound, double cumulativeCount) =>
        _buckets[upperBound] = _buckets.GetValueOrDefault(upperBound) + cumulativeCount;

    /// <summary>What was observed since an earlier state of the same series.</summary>
    public LatencyHistogram Since(LatencyHistogram? earlier)
    {
        var difference = new LatencyHistogram();
        foreach (var (bound, count) in _buckets)
        {
            difference._buckets[bound] = Math.Max(0, count - (earlier?._buckets.GetValueOrDefault(bound) ?? 0));
        }
        return difference;
    }

    /// <summary>
    /// The value below which this share of the observations lies, linear inside its bucket like Prometheus' histogram_quantile;
    /// the highest finite bound when it lies above that. Null when nothing was observed.
    /// </summary>
    public double? Quantile(double share)
    {
        if (_buckets.Count == 0 || _buckets.Values.Last() is not (> 0 and var total))
        {
            return null;
        }
        var rank = share * total;
        double lowerBound = 0, below = 0;
        foreach (var (bound, count) in _buckets)
        {
            if (count >= rank && count > below)
            {
                return double.IsPositiveInfinity(bound) ? lowerBound : lowerBound + ((bound - lowerBound) * (rank - below) / (count - below));
            }
            (lowerBound, below) = (bound, count);
        }
        return lowerBound;
    }
}
