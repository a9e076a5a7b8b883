using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Routes;

/// <summary>The examples of docs/traffic with real pods: version 1 of the shop is on the client's machine, version 2 on the other.</summary>
public abstract class RoutedTraffic(SharedMesh mesh) : IAsyncLifetime
{
    protected const string Shop = "10.96.0.60:80";
    protected const string V1 = "near-meshed";
    protected const string V2 = "far-meshed";

    protected SharedMesh Mesh => mesh;

    public async ValueTask InitializeAsync()
    {
        mesh.Mesh.Resources.Pod(mesh.Server(), app: "shop-v1");
        mesh.Mesh.Resources.Pod(mesh.Server(isNear: false), app: "shop-v2");
        mesh.Mesh.Resources.Write("shop", DocExamples.Services);
        await Eventually.HoldsAsync("the Service answers", () => mesh.Client().CallAsync("http", Shop), result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        mesh.Mesh.Resources.Delete("shop");
        mesh.Mesh.Resources.Delete("route");
        mesh.Mesh.Resources.Pod(mesh.Server());
        mesh.Mesh.Resources.Pod(mesh.Server(isNear: false));
        await Eventually.TrueAsync("nothing is left of it", async () => !(await mesh.Near.Agent.GetAsync("/config")).Contains("default/shop", StringComparison.Ordinal));
        await mesh.Near.Agent.ReadyAsync();
    }

    protected Task ApplyAsync(string heading) => ApplyYamlAsync(DocExamples.Of(heading));

    /// <summary>Puts a route in force: everything after it goes by it.</summary>
    protected async Task ApplyYamlAsync(string yaml)
    {
        mesh.Mesh.Resources.Write("route", yaml);
        await Eventually.TrueAsync("the route is compiled", async () => (await mesh.Near.Agent.GetAsync("/routes")).Contains("\"Accepted\"", StringComparison.Ordinal));
        await mesh.Near.Agent.ReadyAsync();
    }

    protected Task<CallResult> CallAsync(string path = "/", string method = "GET", int bodySize = 0, string target = Shop, params string[] headers) => mesh.Client().CallAsync(
        new CallRequest { Kind = "http", Target = target, Path = path, Method = method, Host = "shop.example", BodySize = bodySize, Headers = headers });

    /// <summary>Who answers how many of so many requests on one connection after another.</summary>
    protected async Task<Dictionary<string, int>> CountAsync(int requests)
    {
        var text = await mesh.Client().ExecAsync(
            "curl", "-sS", "-o", "/dev/null", "-w", "%header{x-pod}\\n", $"http://{Shop}/?n=[1-{requests}]");
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).GroupBy(pod => pod).ToDictionary(pods => pods.Key, pods => pods.Count());
    }
}
