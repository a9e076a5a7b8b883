using System.Net;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.CommandLine;

/// <summary>A small shop that tests break and mend again, and the command line beside its agent.</summary>
public sealed class DiagnosedShop : IAsyncLifetime
{
    public SmallShop Shop { get; private set; } = null!;

    public ResourceDirectory Resources => Shop.Mesh.Resources;

    public async ValueTask InitializeAsync() => Shop = await SmallShop.CreateAsync("ebpf");

    public ValueTask DisposeAsync() => Shop?.DisposeAsync() ?? default;

    /// <summary>What `nodemesh` prints about this node, and how it ends.</summary>
    public async Task<(int ExitCode, string Text)> RunAsync(params string[] arguments)
    {
        var result = await Commands.TryAsync(Shop.Node.Inside([Products.Cli, .. arguments, "--admin", "127.0.0.1:15020"]));
        return (result.ExitCode, result.StandardOutput + result.StandardError);
    }

    /// <summary>What `nodemesh diagnose` says while the client asks the Service all the time.</summary>
    public async Task<(int ExitCode, string Text)> DiagnoseAsync(string name, string path = "/", int seconds = 1)
    {
        var load = Shop.Client.ExecAsync(
            "sh", "-c", $"for i in $(seq 30); do curl -s -m 3 -o /dev/null 'http://{SmallShop.Web}{path}' & sleep 0.08; done; wait");
        var said = await RunAsync("diagnose", name, "--seconds", $"{seconds}");
        await load;
        return said;
    }

    /// <summary>Breaks something by a resource, and waits until it is in force.</summary>
    /// <param name="inForce">Words of /config that say so.</param>
    public async Task ApplyAsync(string yaml, string inForce)
    {
        Resources.Write("broken", yaml);
        await Shop.Agent.AppliesAsync(inForce);
    }

    /// <summary>All as it was.</summary>
    public async Task MendAsync()
    {
        Resources.Delete("broken");
        Resources.Pod(Shop.Client);
        foreach (var web in Shop.Webs)
        {
            Resources.Pod(web, app: "web");
        }
        Resources.Service("web", "web", [IPAddress.Parse("10.96.0.80")], "name: http, port: 80, targetPort: 8080", "name: raw, port: 90, targetPort: 9000");
        await Shop.Agent.ReadyAsync();
        await Eventually.TrueAsync("the Service answers", async () => (await Shop.Client.CallAsync("http", SmallShop.Web)).Ok);
    }
}
