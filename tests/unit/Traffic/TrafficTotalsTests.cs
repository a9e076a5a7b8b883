using NodeMesh.Cli.Metrics;
using NodeMesh.Cli.Traffic;
using Xunit;

namespace NodeMesh.UnitTests.Traffic;

public class TrafficTotalsTests
{
    [Fact(Timeout = 5000)]
    public async Task Requests_and_the_bytes_of_their_connections_are_one_flow()
    {
        await Task.Yield();
        var totals = Read("""
            nodemesh_http_requests_total{protocol="http1",source_workload="shop",destination_workload="web-v1",destination_service="shop/web",status="2xx",grpc_status="",reason=""} 7
            nodemesh_tcp_sent_bytes_total{protocol="http1",source_workload="shop",destination_workload="web-v1",destination_service="shop/web"} 700
            """);

        var (key, flow) = Assert.Single(totals.Flows);
        Assert.Equal(new FlowKey("", "shop", "", "web-v1", "shop/web", "http1"), key);
        Assert.Equal((7, 700), (flow.Requests, flow.Sent));
    }

    [Fact(Timeout = 5000)]
    public async Task A_gRPC_request_belongs_to_its_HTTP2_connection()
    {
        await Task.Yield();
        var totals = Read("""
            nodemesh_http_requests_total{protocol="grpc",source_workload="a",destination_workload="b",status="2xx",grpc_status="0",reason=""} 1
            nodemesh_tcp_connections_opened_total{protocol="http2",source_workload="a",destination_workload="b"} 1
            """);

        var (key, flow) = Assert.Single(totals.Flows);
        Assert.Equal("http2", key.Protocol);
        Assert.True(flow.IsGrpc);
        Assert.Equal(1, totals.Connections);
    }

    [Theory(Timeout = 5000)]
    [InlineData("2xx", "", "", 1)]
    [InlineData("4xx", "", "", 1)]
    [InlineData("5xx", "", "", 0)]
    [InlineData("0", "", "", 0)]
    [InlineData("2xx", "0", "", 1)]
    [InlineData("2xx", "14", "", 0)]
    [InlineData("2xx", "", "upstream_reset", 0)]
    public async Task A_request_succeeds_unless_the_server_or_the_mesh_failed_it(string status, string grpcStatus, string reason, double succeeded)
    {
        await Task.Yield();
        var totals = Read($$"""nodemesh_http_requests_total{protocol="http1",status="{{status}}",grpc_status="{{grpcStatus}}",reason="{{reason}}"} 1""");

        Assert.Equal(succeeded, Assert.Single(totals.Flows).Value.Succeeded);
    }

    [Fact(Timeout = 5000)]
    public async Task What_two_nodes_counted_is_one_flow()
    {
        await Task.Yield();
        const string labels = "source_workload=\"a\",destination_workload=\"b\",protocol=\"http1\",status=\"2xx\"";
        var totals = Read($$"""
            nodemesh_http_requests_total{direction="outbound",{{labels}}} 5
            nodemesh_http_requests_total{direction="inbound",{{labels}}} 6
            nodemesh_http_requests_total{direction="local",{{labels}}} 10
            """);

        Assert.Equal(16, Assert.Single(totals.Flows).Value.Requests);
    }

    [Fact(Timeout = 5000)]
    public async Task Failures_are_counted_by_why()
    {
        await Task.Yield();
        var flow = Assert.Single(Read("""
            nodemesh_http_requests_total{status="5xx",grpc_status="",reason="no_endpoints"} 3
            nodemesh_http_requests_total{status="5xx",grpc_status="",reason=""} 2
            nodemesh_http_requests_total{status="2xx",grpc_status="14",reason=""} 1
            nodemesh_http_requests_total{status="0",grpc_status="",reason=""} 4
            nodemesh_http_requests_total{status="2xx",grpc_status="",reason=""} 9
            """).Flows).Value;

        Assert.Equal(new Dictionary<string, double> { ["no_endpoints"] = 3, ["5xx"] = 2, ["grpc-status 14"] = 1, ["aborted"] = 4 }, flow.Failures);
        Assert.Equal(9, flow.Succeeded);
    }

    [Fact(Timeout = 5000)]
    public async Task Enrolled_pods_are_counted_apart_from_captured_ones()
    {
        await Task.Yield();
        var totals = Read("""
            nodemesh_pod_captured{namespace="shop",pod="a"} 1
            nodemesh_pod_captured{namespace="shop",pod="b"} 0
            """);

        Assert.Equal((1, 2), (totals.PodsCaptured, totals.PodsEnrolled));
    }

    private static TrafficTotals Read(string text) => TrafficTotals.From(MetricsText.Parse(text));
}
