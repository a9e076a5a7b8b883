using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;
using NodeMesh.NodeTests.Telemetry;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>`nodemesh` tap, top, graph and diagnose, with real agents that are reached through the API server's pod proxy.</summary>
[Collection("cluster")]
public sealed class LiveTraffic(ClusterShop shop) : IDisposable
{
    private readonly KubernetesNode _cluster = shop.Cluster;

    public void Dispose()
    {
        _cluster.Server.Faults.Clear();
        _cluster.Server.Store.Delete("Pod", "nodemesh-system", "nodemesh-other-node");
    }

    [Fact(Timeout = 120_000)]
    public async Task Tap_shows_the_requests_that_are_asked_for_as_they_end_and_no_others()
    {
        await using var tap = Tap("service/web", "--path", "/cart", "--method", "get", "--status", "404,2xx", "--header", "x-user:alice", "-o", "json");
        await tap.SeesAsync(() => shop.CallAsync("/cart/first", "x-user: alice"), line => (string?)line["path"] == "/cart/first");
        await shop.CallAsync("/other", "x-user: alice");
        await shop.CallAsync("/cart/bob", "x-user: bob");
        await shop.CallAsync("/cart/broken?status=500", "x-user: alice");
        await shop.CallAsync("/cart/last?status=404", "x-user: alice");
        var last = await tap.LineAsync(line => (string?)line["path"] == "/cart/last");

        Assert.Equal(("client", "web", "default/web", 404), ((string?)last["source_pod"], (string?)last["destination_pod"], (string?)last["service"], (int)last["status"]!));
        Assert.DoesNotContain(tap.Lines, line => (string?)line["path"] is "/other" or "/cart/bob" or "/cart/broken");
        Assert.False(tap.Process.HasExited);
    }

    [Fact(Timeout = 120_000)]
    public async Task Tap_ends_by_itself_after_the_lines_that_were_asked_for()
    {
        await using var tap = Tap("web", "--count", "2", "-o", "json");
        await tap.SeesAsync(() => shop.CallAsync("/counted"), _ => tap.Lines.Count >= 2);

        Assert.Equal(0, await tap.Process.WaitForExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(2, tap.Lines.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_ends_with_who_watches_and_makes_room_for_the_next()
    {
        var watching = Enumerable.Range(0, 4).Select(_ => Tap("web", "-o", "json")).ToList();
        try
        {
            foreach (var tap in watching)
            {
                await tap.SeesAsync(() => shop.CallAsync("/"), _ => true);
            }
            var refused = await _cluster.CommandAsync("tap", "web");
            Assert.Equal((1, ""), (refused.ExitCode, refused.StandardOutput));
            Assert.Equal($"nodemesh tap: the agent on node {_cluster.Node.Name} refuses: 503 4 are watching already, as many as may: try again when one has gone\n", refused.StandardError);

            watching[0].Process.Signal(Libc.SIGTERM);
            await watching[0].Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
            await using var next = Tap("web", "-o", "json");
            await next.SeesAsync(() => shop.CallAsync("/"), _ => true, again: () => Tap("web", "-o", "json"));
        }
        finally
        {
            foreach (var tap in watching)
            {
                await tap.DisposeAsync();
            }
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Top_graph_and_diagnose_tell_of_the_same_traffic()
    {
        var load = shop.LoadAsync(12_000);
        var top = await PrintsAsync("top", "service", "--once", "-s", "1", "-o", "json");
        var graph = await PrintsAsync("graph", "-s", "1", "-o", "json");
        var diagnosis = await PrintsAsync("diagnose", "web", "-s", "1");
        SmallShop.AssertNoFailure(await load, _cluster.Node.Agent.Process);

        var row = Assert.Single(JsonNode.Parse(top)!.AsArray(), row => (string?)row!["name"] == "default/web")!;
        Assert.True((double)row["perSecond"]! > 1 && (double)row["success"]! == 1, row.ToJsonString());
        var edge = Assert.Single(JsonNode.Parse(graph)!.AsArray(), edge => (string?)edge!["unit"] == "req/s")!;
        Assert.Equal(("default/client", "default/web", "default/web"), ((string?)edge["source"], (string?)edge["destination"], (string?)edge["service"]));
        Assert.True((double)edge["rate"]! > 1 && (double)edge["success"]! == 1, edge.ToJsonString());
        Assert.Matches(@"^✓ default/web: \d+ requests went well in 1 s\s*$", diagnosis);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tap")]
    [InlineData("top", "--once", "-s", "1")]
    [InlineData("graph", "-s", "1")]
    [InlineData("diagnose", "web", "-s", "1")]
    public async Task Who_may_not_is_told_what_right_it_takes(params string[] command)
    {
        var said = $"pods \"nodemesh-{_cluster.Node.Name}:{ClusterShop.AdminPort}\" is forbidden: User \"guest\" cannot get resource \"pods/proxy\" in API group \"\" in the namespace \"nodemesh-system\"";
        _cluster.Server.Faults.Add(new Fault(request => request is { Resource: "pods", Subresource: "proxy" }) { Refusal = new ApiRefusalException(403, "Forbidden", said) });

        var result = await _cluster.CommandAsync(command);

        Assert.Equal((1, ""), (result.ExitCode, result.StandardOutput));
        Assert.StartsWith($"nodemesh {command[0]}: the API server does not let you ask the agent on node {_cluster.Node.Name}: ", result.StandardError, StringComparison.Ordinal);
        Assert.EndsWith($"403 {said}; it takes the right to get pods/proxy in namespace nodemesh-system\n", result.StandardError, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_node_that_does_not_answer_does_not_hide_the_others()
    {
        _cluster.DeclareAgent(ClusterShop.AdminPort + 1, "other-node");
        const string Silence = "the agent on node other-node does not answer through the API server";

        await using var tap = Tap("web", "-o", "json");
        await tap.SeesAsync(() => shop.CallAsync("/seen"), line => (string?)line["path"] == "/seen");
        await Eventually.TrueAsync("it names the node", () => Task.FromResult(tap.Process.Output.Contains($"nodemesh tap: {Silence}", StringComparison.Ordinal)));
        Assert.EndsWith("the other nodes are still shown", tap.Process.Output.Split('\n').First(line => line.Contains(Silence, StringComparison.Ordinal)), StringComparison.Ordinal);

        var load = shop.LoadAsync(4_000);
        var graph = await _cluster.CommandAsync("graph", "-s", "1");
        var top = await _cluster.CommandAsync("top", "service", "--once", "-s", "1");
        await load;
        foreach (var (result, row) in new[] { (graph, @"default/client\s+default/web\s+default/web"), (top, @"default/web\s") })
        {
            Assert.Equal(1, result.ExitCode);
            Assert.Matches(row, result.StandardOutput);
            Assert.Contains($"the traffic of a node is not shown: {Silence}", result.StandardError, StringComparison.Ordinal);
        }
    }

    private TapProcess Tap(params string[] arguments) => new(_cluster.Node, ["--kubeconfig", _cluster.Kubeconfig], arguments);

    private async Task<string> PrintsAsync(params string[] arguments)
    {
        var result = await _cluster.CommandAsync(arguments);
        Assert.True(result is { ExitCode: 0, StandardError: "" }, $"{result.ExitCode}: {result.StandardError}{result.StandardOutput}");
        return result.StandardOutput;
    }
}
