using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Routes;

/// <summary>Every example of docs/, read by a running agent and taken by its proxy. What they do, other tests show.</summary>
[Collection("ebpf")]
public sealed class DocumentedResources(EbpfMesh mesh) : RoutedTraffic(mesh)
{
    private static readonly string Targets = """
        {apiVersion: v1, kind: Service, metadata: {name: catalogue, namespace: shop}, spec: {clusterIP: 10.96.0.65, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: catalogue, namespace: shop}, spec: {
          parentRefs: [{group: '', kind: Service, name: catalogue}], rules: [{name: orders, backendRefs: [{name: catalogue, port: 80}]}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: otel-collector, namespace: observability}, spec: {clusterIP: 10.96.0.66, ports: [{name: grpc, port: 4317}, {name: http, port: 4318}]}}
        """;

    [Fact(Timeout = 120_000)]
    public async Task Every_example_is_in_force()
    {
        using var authority = new TestAuthority("docs");
        Mesh.Mesh.Resources.Write("targets", Targets);
        Mesh.Mesh.Resources.Write("ca", authority.ConfigMap("shop-ca"));
        try
        {
            foreach (var path in new[] { "traffic", "policies", "telemetry.md", "rollouts.md", "coming-from.md" })
            {
                foreach (var (page, yaml) in DocExamples.In(path))
                {
                    var version = await VersionAsync();
                    Mesh.Mesh.Resources.Write("route", yaml);
                    await Eventually.TrueAsync($"the proxy has what {page} shows", async () => await VersionAsync() > version && await IsTakenAsync());
                    Assert.True("[]" == (await Mesh.Near.Agent.GetAsync("/problems")).Trim(), $"{page}: {await Mesh.Near.Agent.GetAsync("/problems")}");
                }
            }
        }
        finally
        {
            Mesh.Mesh.Resources.Delete("route");
            Mesh.Mesh.Resources.Delete("targets");
            Mesh.Mesh.Resources.Delete("ca");
        }
    }

    private async Task<long> VersionAsync() => (await ConfigAsync()).GetProperty("version").GetInt64();

    private async Task<bool> IsTakenAsync()
    {
        var config = await ConfigAsync();
        return config.GetProperty("version").GetInt64() == config.GetProperty("proxyVersion").GetInt64();
    }

    private async Task<System.Text.Json.JsonElement> ConfigAsync()
    {
        using var json = System.Text.Json.JsonDocument.Parse(await Mesh.Near.Agent.GetAsync("/config"));
        return json.RootElement.Clone();
    }
}
