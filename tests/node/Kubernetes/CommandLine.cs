using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>`nodemesh` asks a real agent, through the API server, what it does with real pods.</summary>
[Collection("cluster")]
public sealed class CommandLine(ClusterShop shop) : IAsyncLifetime
{
    private const int AdminPort = ClusterShop.AdminPort;

    private PodProcess _lost = null!;

    public async ValueTask InitializeAsync()
    {
        _lost = new PodProcess(await shop.Cluster.Node.AddPodAsync("lost"), Guid.NewGuid().ToString());
        shop.Cluster.Declare(_lost, isEnrolled: true);
    }

    public async ValueTask DisposeAsync()
    {
        shop.Cluster.Server.Store.Delete("Pod", "nodemesh-system", "nodemesh-other-node");
        shop.Cluster.Server.Store.Delete("Pod", "default", "lost");
        await _lost.DisposeAsync();
        await _lost.Pod.DisposeAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Nodes_pods_and_objects_are_shown_as_the_agent_sees_them()
    {
        var (cluster, client) = (shop.Cluster, shop.Client);
        var node = cluster.Node.Name;
        var plain = await cluster.RunAsync("plain", isEnrolled: false);
        await Eventually.TrueAsync("it has looked for all", async () => (await cluster.Node.Agent.GetAsync("/problems")).Contains("default/lost", StringComparison.Ordinal)
            && (await cluster.Node.Agent.GetAsync("/pods")).Contains("plain", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        Assert.Equal([node, "yes", "0.1.0", "ebpf", "2/3", "1", "-"], await RowAsync(cluster, node, "status"));
        Assert.Equal($"nodemesh-{node}", (await RowAsync(cluster, node, "status", "-o", "wide"))[6]);
        var status = JsonNode.Parse(await PrintsAsync(cluster, "status", "-o", "json"))![0]!;
        Assert.Equal((3, 2, ""), ((int)status["enrolled"]!, (int)status["captured"]!, (string?)status["note"]));
        Assert.Contains($"- node: {node}\n  ready: true\n", await PrintsAsync(cluster, "status", "-o", "yaml"), StringComparison.Ordinal);

        Assert.Equal(["default", "client", node, "yes", "yes", "-"], await RowAsync(cluster, "client", "pods"));
        Assert.Equal(["default", "lost", node, "yes", "no"], (await RowAsync(cluster, "lost", "pods"))[..5]);
        Assert.DoesNotContain("plain", await PrintsAsync(cluster, "pods"), StringComparison.Ordinal);
        Assert.Equal(["default", "plain", node, "no", "no", "-"], await RowAsync(cluster, "plain", "pods", "--all"));
        Assert.Contains(client.Pod.V4.ToString(), (await RowAsync(cluster, "client", "pods", "-o", "wide"))[5], StringComparison.Ordinal);
        Assert.Equal("client", (string?)JsonNode.Parse(await PrintsAsync(cluster, "pods", "-o", "json"))![0]!["name"]);

        Assert.Equal(["captured", "yes", $"the agent on {node}"], await RowAsync(cluster, "captured", "describe", "pod", "client", "--namespace", "default"));
        Assert.StartsWith("no: ", (await RowAsync(cluster, "captured", "describe", "pod", "lost", "--namespace", "default"))[1], StringComparison.Ordinal);
        Assert.Equal(["enrolled", "disabled", "label nodemesh.io/mesh of Pod default/plain"], await RowAsync(cluster, "enrolled", "describe", "pod", plain.Pod.Name, "--namespace", "default"));
        Assert.Equal(["endpoints", "1 ready of 1", "EndpointSlice default/web-1"], await RowAsync(cluster, "endpoints", "describe", "service", "web", "--namespace", "default"));

        var config = JsonNode.Parse(await PrintsAsync(cluster, "config", node))!;
        Assert.Equal("default/web", (string?)config["services"]![0]!["id"]);
        Assert.Contains("- id: default/web\n", await PrintsAsync(cluster, "config", node, "-o", "yaml"), StringComparison.Ordinal);

        // A node whose agent can't be asked: what is known of the others is shown, and that it isn't all.
        cluster.DeclareAgent(AdminPort + 1, "other-node");
        var partly = await cluster.CommandAsync("pods");
        Assert.Contains("client", partly.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(1, partly.ExitCode);
        Assert.Contains("the agent on node other-node does not answer through the API server", partly.StandardError, StringComparison.Ordinal);
        Assert.Contains($"port {AdminPort + 1}", (await RowAsync(cluster, "other-node", "status"))[6], StringComparison.Ordinal);
        Assert.Equal($"nodemesh config: no agent runs on a node nowhere; they run on {node}, other-node\n", (await cluster.CommandAsync("config", "nowhere")).StandardError);

        // One that is not ready.
        cluster.DeclareAgent(AdminPort + 1, "other-node", isReady: false);
        var unready = await cluster.CommandAsync("status");
        Assert.Equal(1, unready.ExitCode);
        Assert.Matches(@"other-node +no +0\.1\.0 +- +- +- +Running", unready.StandardOutput);
    }

    private static async Task<string> PrintsAsync(KubernetesNode cluster, params string[] arguments)
    {
        var result = await cluster.CommandAsync(arguments);
        Assert.True(result is { ExitCode: 0, StandardError: "" }, $"{result.ExitCode}: {result.StandardError}{result.StandardOutput}");
        return result.StandardOutput;
    }

    /// <summary>The cells of the row of a table that begins with, or is about, something.</summary>
    private static async Task<string[]> RowAsync(KubernetesNode cluster, string about, params string[] arguments)
    {
        var rows = (await PrintsAsync(cluster, arguments)).Split('\n').Select(line => Regex.Split(line, " {3,}")).ToList();
        return rows.FirstOrDefault(row => row[0] == about) ?? Assert.Single(rows, row => row.ElementAtOrDefault(1) == about);
    }
}
