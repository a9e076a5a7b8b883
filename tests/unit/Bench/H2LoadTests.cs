using NodeMesh.Bench.Works;
using Xunit;

namespace NodeMesh.UnitTests.Bench;

public class H2LoadTests
{
    private const string Output =
        """
        finished in 2.00s, 5000.00 req/s, 500.00KB/s
        requests: 10000 total, 10016 started, 10000 done, 10000 succeeded, 0 failed, 0 errored, 0 timeout
        status codes: 10000 2xx, 0 3xx, 0 4xx, 0 5xx
        """;

    [Fact]
    public void Percentiles_come_from_the_log_of_all_requests()
    {
        var result = H2Load.Parse(Output, Enumerable.Range(1, 1000).Select(n => $"1700000000000000\t200\t{1001 - n}"));

        Assert.Equal((10_000, 0, 2.0), (result.Requests, result.Errors, result.Seconds));
        Assert.Equal((501, 991, 1000), (result.P50, result.P99, result.P999));
    }

    [Theory]
    [InlineData("0 5xx", "7 5xx", 7)]
    [InlineData("0 4xx", "6 4xx", 6)]
    [InlineData("0 3xx", "5 3xx", 5)]
    [InlineData("0 failed", "4 failed", 4)]
    [InlineData("0 errored", "3 errored", 3)]
    [InlineData("0 timeout", "2 timeout", 2)]
    public void Whatever_is_no_2xx_is_an_error(string right, string wrong, long errors) =>
        Assert.Equal(errors, H2Load.Parse(Output.Replace(right, wrong, StringComparison.Ordinal), []).Errors);
}
