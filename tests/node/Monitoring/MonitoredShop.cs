using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Monitoring;

/// <summary>A shop with some traffic of every kind, some of it failing, and a Prometheus that has watched it.</summary>
public sealed class MonitoredShop : IAsyncLifetime
{
    public SmallShop Shop { get; private set; } = null!;

    public PrometheusServer Prometheus { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Shop = await SmallShop.CreateAsync("ebpf");
        Shop.Mesh.Resources.Write("fault", """
            apiVersion: nodemesh.io/v1alpha1
            kind: FaultPolicy
            metadata: {name: brittle, namespace: default}
            spec:
              targetRefs: [{kind: Service, name: web}]
              faults: [{matches: [{headers: [{name: x-fail, value: "1"}]}], abort: {httpStatus: 503}}]
            """);
        Prometheus = await PrometheusServer.StartAsync(Shop.Node);
        // Several scrapes, and rates need two.
        for (var round = 0; round < 25; round++)
        {
            await Shop.CallAsync();
            await Shop.Client.ExecAsync("curl", "-s", "-o", "/dev/null", "-H", "x-fail: 1", $"http://{SmallShop.Web}/[1-3]");
            await Shop.Client.CallAsync("opaque", SmallShop.Web.Replace(":80", ":90", StringComparison.Ordinal));
            await Task.Delay(150);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Prometheus is not null)
        {
            await Prometheus.DisposeAsync();
        }
        if (Shop is not null)
        {
            await Shop.DisposeAsync();
        }
    }
}
