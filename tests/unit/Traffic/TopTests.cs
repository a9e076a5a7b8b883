using NodeMesh.Cli.Metrics;
using NodeMesh.Cli.Top;
using Xunit;

namespace NodeMesh.UnitTests.Traffic;

public class TopTests
{
    private const string Labels = """source_namespace="shop",source_workload="cart",destination_namespace="shop",destination_workload="web",destination_service="shop/web",route="shop/r" """;

    [Fact]
    public void Rates_are_of_what_happened_between_two_looks_and_the_busiest_is_first()
    {
        var rows = Rows("workload", Counts("outbound", "web", 100, 0) + Counts("outbound", "db", 500, 0), Counts("outbound", "web", 140, 10) + Counts("outbound", "db", 510, 0), seconds: 5);

        Assert.Equal([("shop/web", 10d, 0.8), ("shop/db", 2d, 1d)], rows.Select(row => (row.Name, row.Rate, row.Success!.Value)));
    }

    [Fact]
    public void What_both_ends_counted_counts_once_and_what_comes_from_outside_counts()
    {
        var rows = Rows(
            "workload", "",
            Counts("outbound", "web", 10, 0) + Counts("inbound", "web", 10, 0) + Counts("inbound", "web", 5, 0).Replace("source_workload=\"cart\"", "source_workload=\"unknown\"", StringComparison.Ordinal), 1);

        Assert.Equal(15, Assert.Single(rows).Rate);
    }

    [Fact]
    public void A_proxy_that_counts_from_nought_again_makes_no_negative_rate() =>
        Assert.Equal(3, Assert.Single(Rows("workload", Counts("outbound", "web", 1000, 0), Counts("outbound", "web", 6, 0), seconds: 2)).Rate);

    [Theory]
    [InlineData("route", "shop/r")]
    [InlineData("service", "shop/web")]
    public void Rows_may_be_routes_or_Services(string by, string name)
    {
        var row = Assert.Single(Rows(by, "", Counts("local", "web", 10, 0) + Counts("inbound", "web", 10, 0), 1));
        Assert.Equal((name, 10d), (row.Name, row.Rate));
    }

    [Fact]
    public void Of_pods_it_tells_what_they_cost()
    {
        var row = Assert.Single(Rows("pod", Pod(1, 1000), Pod(2, 3000), 2));
        Assert.Equal(("shop/cart-1", 0.5, 1000d, 3d), (row.Name, row.Cpu!.Value, row.BytesPerSecond, row.Open!.Value));
    }

    private static string Counts(string direction, string workload, int good, int bad) =>
        $"nodemesh_http_requests_total{{direction=\"{direction}\",status=\"2xx\",{Labels}}} {good}\nnodemesh_http_requests_total{{direction=\"{direction}\",status=\"5xx\",{Labels}}} {bad}\n"
            .Replace("destination_workload=\"web\"", $"destination_workload=\"{workload}\"", StringComparison.Ordinal);

    private static string Pod(int cpu, int bytes) =>
        $"nodemesh_pod_cpu_seconds_total{{namespace=\"shop\",pod=\"cart-1\"}} {cpu}\nnodemesh_pod_bytes_total{{namespace=\"shop\",pod=\"cart-1\"}} {bytes}\nnodemesh_pod_connections_open{{namespace=\"shop\",pod=\"cart-1\"}} 3\n";

    private static IReadOnlyList<TopRow> Rows(string by, string before, string after, int seconds)
    {
        var (first, second) = (TopScrape.Of(by, MetricsText.Parse(before), 0), TopScrape.Of(by, MetricsText.Parse(after), seconds * TimeProvider.System.TimestampFrequency));
        return second.Since(first, TimeProvider.System);
    }
}
