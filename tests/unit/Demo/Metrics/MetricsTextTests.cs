using NodeMesh.Cli.Metrics;
using Xunit;

namespace NodeMesh.UnitTests.Demo.Metrics;

public class MetricsTextTests
{
    [Fact(Timeout = 5000)]
    public async Task A_series_has_its_name_labels_and_value()
    {
        await Task.Yield();
        var sample = Assert.Single(MetricsText.Parse("""requests_total{from="a",to="b"} 12.5 1700000000"""));

        Assert.Equal("requests_total", sample.Name);
        Assert.Equal(("a", "b", ""), (sample["from"], sample["to"], sample["nowhere"]));
        Assert.Equal(12.5, sample.Value);
    }

    [Fact(Timeout = 5000)]
    public async Task Label_values_are_unescaped_and_may_hold_braces_and_commas()
    {
        await Task.Yield();
        var sample = Assert.Single(MetricsText.Parse("""m{path="C:\\DIR\nb",say="a \"b\", {c}",} 1"""));

        Assert.Equal("C:\\DIR\nb", sample["path"]);
        Assert.Equal("a \"b\", {c}", sample["say"]);
    }

    [Fact(Timeout = 5000)]
    public async Task Comments_and_lines_that_are_none_hide_no_series()
    {
        await Task.Yield();
        var samples = MetricsText.Parse("""
            # HELP up Whether it is up.
            # TYPE up gauge
            up 1

            broken{a="b
            broken{a="b"}
            also broken
            infinite +Inf
            """);

        Assert.Equal(["up", "infinite"], samples.Select(sample => sample.Name));
        Assert.Equal(double.PositiveInfinity, samples[1].Value);
    }
}
