using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>A small shop whose proxy has a directory for access logs, and whose agent can be asked from anywhere.</summary>
public sealed class LoggingShop : IAsyncLifetime
{
    public SmallShop Shop { get; private set; } = null!;

    public string Directory => $"{Shop.Agent.State}-logs";

    public async ValueTask InitializeAsync()
    {
        Shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        await Shop.Agent.StartAsync("--access-log-dir", Directory, "--admin", "0.0.0.0:15020");
        await Shop.CallAsync();
    }

    public ValueTask DisposeAsync() => Shop.DisposeAsync();
}

[CollectionDefinition("logging")]
public sealed class LoggingShopOfAll : ICollectionFixture<LoggingShop>;
