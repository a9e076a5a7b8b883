using System.Net;
using System.Net.Sockets;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kit;

/// <summary>One machine of a test's own, for tests that kill and restart things: a client, and two web pods behind the Service "web" at 10.96.0.80.</summary>
public sealed class SmallShop : IAsyncDisposable
{
    public const string Web = "10.96.0.80:80";

    private SmallShop(TestMesh mesh, TestPod client, TestPod[] webs)
    {
        Mesh = mesh;
        Client = client;
        Webs = webs;
    }

    public TestMesh Mesh { get; }

    public TestNode Node => Mesh.Nodes[0];

    public TestAgent Agent => Node.Agent;

    public TestPod Client { get; }

    public IReadOnlyList<TestPod> Webs { get; }

    public static async Task<SmallShop> CreateAsync(string capture, bool startAgent = true)
    {
        var mesh = await TestMesh.CreateAsync(capture);
        var node = mesh.Nodes[0];
        var client = await node.AddPodAsync("client");
        mesh.Resources.Pod(client);
        var webs = new List<TestPod>();
        foreach (var name in new[] { "web-1", "web-2" })
        {
            var web = await node.AddPodAsync(name);
            await web.ServeAsync();
            mesh.Resources.Pod(web, app: "web");
            webs.Add(web);
        }
        mesh.Resources.Service("web", "web", [IPAddress.Parse("10.96.0.80")], "name: http, port: 80, targetPort: 8080", "name: raw, port: 90, targetPort: 9000");
        var shop = new SmallShop(mesh, client, [.. webs]);
        if (startAgent)
        {
            await shop.Agent.StartAsync();
            // A first call: what is slow only once should not be measured.
            await shop.CallAsync();
        }
        return shop;
    }

    /// <summary>One HTTP request to the Service; it must go well.</summary>
    public async Task<CallResult> CallAsync()
    {
        var result = await Client.CallAsync("http", Web);
        Assert.True(result.Ok, $"{result.Status} {result.Error}; the agent's last lines:\n{Agent.Process.Tail()}");
        return result;
    }

    /// <summary>Workers that ask again and again on connections they keep, until the duration is over.</summary>
    public Task<CallResult> LoadAsync(int milliseconds, string of = "http", int workers = 4) => Client.CallAsync(new CallRequest
    {
        Kind = "load",
        Of = of,
        Target = of == "http" ? Web : Web.Replace(":80", ":90", StringComparison.Ordinal),
        Count = workers,
        DurationMilliseconds = milliseconds,
    });

    /// <summary>Opens a kept opaque connection to the first web pod.</summary>
    public async Task<CallResult> OpenAsync(string token)
    {
        var result = await Client.CallAsync(new CallRequest { Kind = "open", Target = Traffic.Target(Webs[0], AddressFamily.InterNetwork, "opaque"), Token = token });
        Assert.True(result.Ok, result.Error);
        return result;
    }

    public Task<CallResult> SendAsync(string token) => Client.CallAsync(new CallRequest { Kind = "send", Token = token });

    /// <param name="who">Processes whose last lines may explain a failure.</param>
    public static void AssertNoFailure(CallResult load, params ChildProcess[] who) => Assert.True(
        load is { Ok: true, Good: > 0 },
        $"{load.Bad} of {load.Bad + load.Good} failed, the first with {load.Error}\n{string.Join("\n---\n", who.Select(process => process.Tail()))}");

    public ValueTask DisposeAsync() => Mesh.DisposeAsync();
}
