using NodeMesh.Cli.Metrics;
using Xunit;

namespace NodeMesh.UnitTests.Demo.Metrics;

public class LatencyHistogramTests
{
    [Fact(Timeout = 5000)]
    public async Task A_quantile_is_interpolated_inside_its_bucket()
    {
        await Task.Yield();
        var histogram = Histogram((0.001, 50), (0.002, 90), (0.01, 100), (double.PositiveInfinity, 100));

        Assert.Equal(0.001, histogram.Quantile(0.5)!.Value, 6);
        Assert.Equal(0.0005, histogram.Quantile(0.25)!.Value, 6);
        Assert.Equal(0.0092, histogram.Quantile(0.99)!.Value, 6);
    }

    [Fact(Timeout = 5000)]
    public async Task Beyond_the_last_bound_the_last_bound_is_said()
    {
        await Task.Yield();
        Assert.Equal(0.01, Histogram((0.01, 1), (double.PositiveInfinity, 100)).Quantile(0.99));
    }

    [Fact(Timeout = 5000)]
    public async Task Without_observations_there_is_no_quantile()
    {
        await Task.Yield();
        Assert.Null(new LatencyHistogram().Quantile(0.5));
        Assert.Null(Histogram((0.01, 0), (double.PositiveInfinity, 0)).Quantile(0.5));
    }

    [Fact(Timeout = 5000)]
    public async Task Only_what_came_since_an_earlier_state_counts()
    {
        await Task.Yield();
        var earlier = Histogram((0.001, 1000), (0.1, 1000), (double.PositiveInfinity, 1000));
        var now = Histogram((0.001, 1000), (0.1, 1010), (double.PositiveInfinity, 1010));

        Assert.True(now.Quantile(0.5) < 0.001);
        Assert.True(now.Since(earlier).Quantile(0.5) > 0.001);
    }

    private static LatencyHistogram Histogram(params (double Bound, double Count)[] buckets)
    {
        var histogram = new LatencyHistogram();
        foreach (var (bound, count) in buckets)
        {
            histogram.Add(bound, count);
        }
        return histogram;
    }
}
