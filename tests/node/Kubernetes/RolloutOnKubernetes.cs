using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApiServer.Storage;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>A Rollout of the API, driven by the agent that holds the Lease: its status and its Events are all there is to it.</summary>
public sealed class RolloutOnKubernetes
{
    private const string Web = "10.96.0.80:80";
    private const int AdminPort = 15020;
    private static readonly ResourceType Routes = new("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", HasStatus: true);
    private static readonly ResourceType Rollouts = new("nodemesh.io", "v1alpha1", "Rollout", "rollouts", HasStatus: true);

    [Theory(Timeout = 240_000)]
    [InlineData(0, "Promoted", 100)]
    [InlineData(500, "RolledBack", 0)]
    public async Task What_becomes_of_a_new_version_is_written_to_its_status(int status, string phase, int weight)
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        cluster.Server.Store.Serve(Routes);
        cluster.Server.Store.Serve(Rollouts);
        var client = await cluster.RunAsync("client");
        var old = await cluster.RunAsync("old");
        var young = await cluster.RunAsync("young");
        await old.Pod.ServeAsync();
        await young.Pod.ServeAsync("--status", status.ToString());
        cluster.Service("web", "10.96.0.80", old);
        cluster.Service("v1", "10.96.0.81", old);
        cluster.Service("v2", "10.96.0.82", young);
        DeclareRoute(cluster);
        await cluster.Node.Agent.StartAsync();
        await cluster.Node.Agent.CapturedAsync(client.Pod);
        DeclareRollout(cluster);
        await Eventually.EqualAsync("the first step is in the status", 30, () => Task.FromResult((int?)Status()?["weight"] ?? 0), TimeSpan.FromSeconds(30));
        var load = client.Pod.CallAsync(new CallRequest { Kind = "load", Of = "http", Target = Web, Count = 2, DurationMilliseconds = 15_000 });

        await Eventually.EqualAsync("it has come to an end", phase, () => Task.FromResult((string?)Status()?["phase"] ?? ""), TimeSpan.FromSeconds(60));

        Assert.Equal(weight, (int)Status()!["weight"]!);
        Assert.Equal("True", (string)Status()!["conditions"]![0]!["status"]!);
        await load;
        await Eventually.EqualAsync("all requests go there", weight == 100 ? "young" : "old", async () =>
        {
            var pods = new HashSet<string>();
            for (var i = 0; i < 10; i++)
            {
                pods.Add((await client.Pod.CallAsync("http", Web)).Server!.Pod);
            }
            return string.Join(',', pods);
        });
        await Eventually.TrueAsync("an Event tells of it", () => Task.FromResult(Reasons().Contains(phase)));
        // The route is the user's, as it was.
        var route = cluster.Server.Store.Get(Routes, "default", "web")!.Open();
        Assert.Equal("""[{"name":"v1","port":80}]""", route["spec"]!["rules"]![0]!["backendRefs"]!.ToJsonString());

        // An agent that starts anew goes by the status, elected or not.
        await cluster.Node.Agent.KillAsync();
        await cluster.Node.Agent.StartAsync();
        await Eventually.TrueAsync("it says so", async () => (await cluster.Node.Agent.GetAsync("/rollouts")).Contains($"\"phase\": \"{phase}\"", StringComparison.Ordinal));
        Assert.Equal(weight == 100 ? "young" : "old", (await client.Pod.CallAsync("http", Web)).Server!.Pod);

        JsonNode? Status() => StatusOf(cluster);

        IEnumerable<string> Reasons() => cluster.Server.Store.List(cluster.Server.Store.Find("", "v1", "events")!).Objects.Values.Select(told => told.Open())
            .Where(told => (string?)told["involvedObject"]!["kind"] == "Rollout").Select(told => (string)told["reason"]!);
    }

    // All requests are sent, and fail or not, on the machine whose agent decides nothing.
    [Theory(Timeout = 240_000)]
    [InlineData(0, "Promoted")]
    [InlineData(500, "RolledBack")]
    public async Task What_another_nodes_proxy_has_seen_counts(int status, string phase)
    {
        await using var cluster = await KubernetesNode.CreateAsync(nodes: 2);
        cluster.Server.Store.Serve(Routes);
        cluster.Server.Store.Serve(Rollouts);
        var (near, far) = (cluster.Mesh.Nodes[0], cluster.Mesh.Nodes[1]);
        var client = await cluster.RunAsync("client", node: far);
        var old = await cluster.RunAsync("old");
        var young = await cluster.RunAsync("young");
        await old.Pod.ServeAsync();
        await young.Pod.ServeAsync("--status", status.ToString());
        cluster.Service("web", "10.96.0.80", old);
        cluster.Service("v1", "10.96.0.81", old);
        cluster.Service("v2", "10.96.0.82", young);
        DeclareRoute(cluster);
        foreach (var node in cluster.Mesh.Nodes)
        {
            cluster.DeclareAgent(AdminPort, node.Name);
        }
        await near.Agent.StartAsync("--admin", $"0.0.0.0:{AdminPort}");
        await Eventually.TrueAsync("the near one holds the Lease", () => Task.FromResult(Holder()?.StartsWith(near.Name, StringComparison.Ordinal) == true), TimeSpan.FromSeconds(30));
        await far.Agent.StartAsync("--admin", $"0.0.0.0:{AdminPort}");
        await far.Agent.CapturedAsync(client.Pod);
        DeclareRollout(cluster);
        await Eventually.EqualAsync("the first step is in the status", 30, () => Task.FromResult((int?)StatusOf(cluster)?["weight"] ?? 0), TimeSpan.FromSeconds(30));

        var load = client.Pod.CallAsync(new CallRequest { Kind = "load", Of = "http", Target = Web, Count = 2, DurationMilliseconds = 15_000 });

        await Eventually.EqualAsync("it has come to an end", phase, () => Task.FromResult((string?)StatusOf(cluster)?["phase"] ?? ""), TimeSpan.FromSeconds(60));
        await load;
        Assert.Equal(0, (await near.Agent.ScrapeAsync()).Sum("nodemesh_http_requests_total", ("direction", "outbound")));
        await Eventually.TrueAsync("the far node goes by it", async () => (await client.Pod.CallAsync("http", Web)).Server?.Pod == (phase == "Promoted" ? "young" : "old"));

        string? Holder() => (string?)cluster.Server.Store.Get(cluster.Server.Store.Find("coordination.k8s.io", "v1", "leases")!, "nodemesh-system", "nodemesh-status")?.Open()["spec"]?["holderIdentity"];
    }

    private static void DeclareRoute(KubernetesNode cluster) => cluster.Server.Store.Put("""
        {"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"namespace":"default","name":"web"},
         "spec":{"parentRefs":[{"group":"","kind":"Service","name":"web","port":80}],"rules":[{"name":"all","backendRefs":[{"name":"v1","port":80}]}]}}
        """);

    private static void DeclareRollout(KubernetesNode cluster) => cluster.Server.Store.Put("""
        {"apiVersion":"nodemesh.io/v1alpha1","kind":"Rollout","metadata":{"namespace":"default","name":"web","generation":1},
         "spec":{"targetRef":{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","name":"web","sectionName":"all"},
          "stable":{"name":"v1","port":80},"canary":{"name":"v2","port":80},"steps":[{"weight":30,"hold":"2s"}],"analysis":{"interval":"1s","minRequests":10}}}
        """);

    private static JsonNode? StatusOf(KubernetesNode cluster) => cluster.Server.Store.Get(Rollouts, "default", "web")!.Open()["status"];
}
