using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Proxy.Telemetry;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.WebConsole;

public sealed class SeriesTableTests(ITestOutputHelper output)
{
    [Fact]
    public void Only_what_is_asked_for_is_in_it_and_words_are_said_once()
    {
        var table = Of("# HELP a_total x\n# TYPE a_total counter\na_total{x=\"one\",y=\"two\"} 1\na_total{x=\"two\",y=\"two\"} 2.5\nb 3\nc_total{x=\"three\"} 4\n", "a_total", "b");

        Assert.Equal("""["one","two"]""", table["words"]!.ToJsonString());
        Assert.Equal(
            """[{"name":"a_total","labels":["x","y"],"bounds":[],"rows":[[0,1,1],[1,1,2.5]]},{"name":"b","labels":[],"bounds":[],"rows":[[3]]}]""", table["families"]!.ToJsonString());
    }

    [Fact]
    public void The_buckets_of_a_histogram_are_a_row()
    {
        const string Text = "h_sum{x=\"a\"} 9\nh_count{x=\"a\"} 3\nh_bucket{x=\"a\",le=\"0.5\"} 1\nh_bucket{x=\"a\",le=\"+Inf\"} 3\nh_sum{x=\"b\"} 9\nh_bucket{x=\"b\",le=\"0.5\"} 0\nh_bucket{x=\"b\",le=\"+Inf\"} 7\n";

        Assert.Equal("""[{"name":"h_bucket","labels":["x"],"bounds":["0.5","\u002BInf"],"rows":[[0,1,3],[1,0,7]]}]""", Of(Text, "h_bucket")["families"]!.ToJsonString());
    }

    [Fact]
    public void Labels_with_quotes_backslashes_braces_commas_and_line_breaks_are_read_as_they_were() =>
        Assert.Equal(["a\"b\\c\nd}{, le=\"", ""], Of("a_total{x=\"a\\\"b\\\\c\\nd}{, le=\\\"\",y=\"\"} 3\n", "a_total")["words"]!.AsArray().Select(word => (string)word!));

    [Fact]
    public void What_makes_no_sense_or_is_no_number_is_left_out() =>
        Assert.Equal("""[{"name":"a","labels":[],"bounds":[],"rows":[[1],[0.001]]}]""", Of("a 1 1700000000\na NaN\na{ 3\nnonsense\n\na 1e-3\na\n", "a")["families"]!.ToJsonString());

    [Fact(Timeout = 60_000)]
    public async Task Of_five_hundred_workloads_and_1200_edges_it_is_a_small_part_of_the_text()
    {
        var metrics = new ProxyMetrics();
        for (var edge = 0; edge < 1_200; edge++)
        {
            var (from, to) = (edge % 500, (edge * 7 + edge / 500 * 131 + 11) % 500);
            var labels = new TrafficLabels(
                TrafficDirection.Local, TrafficProtocol.Http1, $"team-{from % 20}", $"service-{from:000}", $"team-{to % 20}", $"service-{to:000}", $"team-{to % 20}/service-{to:000}");
            var (connections, requests) = (metrics.Connections(labels), metrics.Requests(labels));
            connections.Opened();
            connections.Sent(edge * 100);
            connections.Received(edge * 1_000);
            for (var request = 0; request < 5; request++)
            {
                requests.Done(200, null, Reason.None, TimeSpan.FromMilliseconds((edge + request) % 40));
            }
        }
        var text = Encoding.UTF8.GetString(await metrics.ExportAsync(ExpositionFormat.PrometheusText, TestContext.Current.CancellationToken));

        var table = SeriesTable.Of(text, ["nodemesh_http_requests_total", "nodemesh_http_request_duration_seconds_bucket", "nodemesh_tcp_connections_opened_total", "nodemesh_tcp_connections_closed_total", "nodemesh_tcp_sent_bytes_total", "nodemesh_tcp_received_bytes_total"]);

        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(table, TestContext.Current.CancellationToken);
        }
        output.WriteLine($"text {text.Length:n0} bytes, table {table.Length:n0}, packed {packed.Length:n0}");
        Assert.True(table.Length < text.Length / 15 && packed.Length < text.Length / 60, $"text {text.Length}, table {table.Length}, packed {packed.Length}");
    }

    private static JsonNode Of(string text, params string[] wanted) => JsonNode.Parse(SeriesTable.Of(text, wanted).Span)!;
}
