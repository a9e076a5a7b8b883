using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>A machine with an API server, a client, a web server behind the Service "web" at 10.96.0.80, and an agent that may be asked, and watched, by whoever reaches it.</summary>
public sealed class ClusterShop : IAsyncLifetime
{
    public const int AdminPort = 15020;

    public KubernetesNode Cluster { get; private set; } = null!;

    public PodProcess Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = await KubernetesNode.CreateAsync();
        Client = await Cluster.RunAsync("client");
        var web = await Cluster.RunAsync("web");
        await web.Pod.ServeAsync();
        Cluster.Service("web", "10.96.0.80", web);
        Cluster.DeclareAgent(AdminPort);
        await Cluster.Node.Agent.StartAsync("--admin", $"0.0.0.0:{AdminPort}", "--tap", "anywhere");
        await Cluster.Node.Agent.CapturedAsync(Client.Pod);
        await Cluster.Node.Agent.CapturedAsync(web.Pod);
    }

    /// <summary>One HTTP request of the client to the Service.</summary>
    public Task<CallResult> CallAsync(string path, params string[] headers) =>
        Client.Pod.CallAsync(new CallRequest { Kind = "http", Target = "10.96.0.80:80", Path = path, Headers = headers });

    /// <summary>Workers that ask the Service again and again.</summary>
    public Task<CallResult> LoadAsync(int milliseconds) =>
        Client.Pod.CallAsync(new CallRequest { Kind = "load", Of = "http", Target = "10.96.0.80:80", Count = 2, DurationMilliseconds = milliseconds });

    public ValueTask DisposeAsync() => Cluster?.DisposeAsync() ?? default;
}

[CollectionDefinition("cluster")]
public sealed class ClusterShopOfAll : ICollectionFixture<ClusterShop>;
