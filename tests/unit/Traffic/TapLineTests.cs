using System.Text.Json.Nodes;
using NodeMesh.Cli.Tap;
using Xunit;

namespace NodeMesh.UnitTests.Traffic;

public class TapLineTests
{
    [Theory]
    [InlineData(null, "tap?path=%2Fa%26b&status=5xx")]
    [InlineData("web", "tap?pod=shop%2Fweb&service=shop%2Fweb&path=%2Fa%26b&status=5xx")]
    [InlineData("pod/web", "tap?pod=shop%2Fweb&path=%2Fa%26b&status=5xx")]
    [InlineData("svc/web", "tap?service=shop%2Fweb&path=%2Fa%26b&status=5xx")]
    public void A_target_is_a_pod_a_Service_or_either(string? target, string path) =>
        Assert.Equal(path, new TapQuery(target, "shop", "/a&b", null, "5xx", null, null).ToPath());

    [Theory]
    [InlineData("deployment/web")]
    [InlineData("a/b/c")]
    [InlineData("pod/")]
    public void Anything_else_is_no_target(string target) => Assert.Contains("NAME", TapQuery.Complaint(target), StringComparison.Ordinal);

    [Fact]
    public void A_connection_says_what_it_was()
    {
        var record = JsonNode.Parse("""
            {"start_time":"2026-01-02T03:04:05.006Z","protocol":"tls","server_name":"api.example","duration":12.34,"bytes_received":10,"bytes_sent":20,"attempts":1,
             "source_address":"10.0.0.1:5","destination_address":"1.2.3.4:443","endpoint":"1.2.3.4:443","nodemesh_error":"denied","policy":"EgressPolicy/shop/out"}
            """)!.AsObject();

        Assert.Equal("03:04:05.006 10.0.0.1:5 > 1.2.3.4:443  tls api.example  12.3 ms  10 B in 20 B out  denied by EgressPolicy/shop/out", TapLine.Of(record));
    }

    [Fact]
    public void What_a_client_sent_does_not_steer_the_terminal() =>
        Assert.DoesNotContain("\u001b", TapLine.Of(new JsonObject { ["method"] = "GET", ["path"] = "/\u001b[2J\u202e" }), StringComparison.Ordinal);
}
