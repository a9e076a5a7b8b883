using System.Text;
using NodeMesh.Proxy.Telemetry;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

public sealed class ProxyMetricsTests
{
    private static readonly TrafficLabels Labels = new(TrafficDirection.Local, TrafficProtocol.Http1, "shop", "cart", "shop", "web", "shop/web");
    private const string Text = "direction=\"local\",protocol=\"http1\",security=\"plaintext\",source_namespace=\"shop\",source_workload=\"cart\",destination_namespace=\"shop\",destination_workload=\"web\",destination_version=\"\",destination_service=\"shop/web\",route=\"\"";

    [Fact(Timeout = 20_000)]
    public async Task Connections_are_counted_under_who_talks_to_whom()
    {
        var metrics = new ProxyMetrics();
        var series = metrics.Connections(Labels);
        series.Opened();
        series.Opened();
        series.Sent(3);
        series.Received(70_000);
        series.Closed(Reason.UpstreamReset);

        var text = await ScrapeAsync(metrics);
        Assert.Contains($"nodemesh_tcp_connections_opened_total{{{Text}}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_tcp_connections_open{{{Text}}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_tcp_connections_closed_total{{{Text},reason=\"upstream_reset\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_tcp_sent_bytes_total{{{Text}}} 3\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_tcp_received_bytes_total{{{Text}}} 70000\n", text, StringComparison.Ordinal);
        Assert.Same(series, metrics.Connections(Labels));
    }

    [Fact(Timeout = 20_000)]
    public async Task Requests_are_counted_by_outcome()
    {
        var metrics = new ProxyMetrics();
        var series = metrics.Requests(Labels);
        series.Done(204, null, Reason.None, TimeSpan.FromMilliseconds(4));
        series.Done(0, null, Reason.DownstreamReset, TimeSpan.FromMilliseconds(4));
        series.Done(200, "5", Reason.None, TimeSpan.FromMilliseconds(4));
        series.Done(200, "made up", Reason.None, TimeSpan.FromMilliseconds(4));

        var text = await ScrapeAsync(metrics);
        Assert.Contains($"nodemesh_http_requests_total{{{Text},status=\"2xx\",grpc_status=\"\",reason=\"\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_http_requests_total{{{Text},status=\"0\",grpc_status=\"\",reason=\"downstream_reset\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_http_requests_total{{{Text},status=\"2xx\",grpc_status=\"5\",reason=\"\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_http_requests_total{{{Text},status=\"2xx\",grpc_status=\"unknown\",reason=\"\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_http_request_duration_seconds_bucket{{{Text},le=\"0.003\"}} 0\n", text, StringComparison.Ordinal);
        Assert.Contains($"nodemesh_http_request_duration_seconds_bucket{{{Text},le=\"0.005\"}} 4\n", text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Beyond_the_cap_everything_is_counted_as_overflow()
    {
        var metrics = new ProxyMetrics(maxSeries: 2);
        for (var number = 0; number < 5; number++)
        {
            metrics.Connections(Labels with { SourceWorkload = $"w{number}" }).Opened();
        }

        var text = await ScrapeAsync(metrics);
        Assert.Contains("source_workload=\"w1\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("source_workload=\"w2\"", text, StringComparison.Ordinal);
        Assert.Contains("nodemesh_metrics_overflow_total 3\n", text, StringComparison.Ordinal);
        Assert.Matches("nodemesh_tcp_connections_opened_total\\{direction=\"overflow\".*\\} 3\n", text);
    }

    [Fact(Timeout = 20_000)]
    public void Every_reason_has_a_word_of_its_own()
    {
        var words = Enum.GetValues<Reason>().Select(reason => reason.Word()).ToArray();

        Assert.Equal(ReasonWords.Count, words.Length);
        Assert.Equal(words.Length, words.Distinct().Count());
    }

    private static async Task<string> ScrapeAsync(ProxyMetrics metrics) =>
        Encoding.UTF8.GetString(await metrics.ExportAsync(ExpositionFormat.PrometheusText, TestContext.Current.CancellationToken));
}
