using System.Net;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>What protects an edge, as the proxy has measured it: nothing, TLS of the app, TLS that the mesh speaks for a BackendTLSPolicy.</summary>
[Collection("console")]
public sealed class EdgeSecurity(ConsoleShop console) : IAsyncLifetime
{
    private static readonly string[] Files = ["service-sealed", "service-guarded", "ca", "tls"];

    private readonly SmallShop _shop = console.Shop;
    private readonly List<TestPod> _servers = [];
    private readonly TestAuthority _authority = new("console");

    public async ValueTask InitializeAsync()
    {
        var resources = _shop.Mesh.Resources;
        var certificate = $"{_shop.Agent.State}-guarded.pem";
        await File.WriteAllTextAsync(certificate, _authority.Issue(["guarded.example"]));
        foreach (var (name, options) in new[] { ("sealed", Array.Empty<string>()), ("guarded", ["--https", "8444", "--certificate", certificate]) })
        {
            var pod = await _shop.Node.AddPodAsync(name);
            _servers.Add(pod);
            await pod.ServeAsync(options);
            resources.Pod(pod, enrolled: false, app: name);
        }
        resources.Write("ca", _authority.ConfigMap("ca"));
        resources.Write("tls", """
            {apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: guarded, namespace: default}, spec: {
              targetRefs: [{group: "", kind: Service, name: guarded}], validation: {hostname: guarded.example, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}}}
            """);
        // Last, so that not one request goes in the clear.
        resources.Service("sealed", "sealed", [IPAddress.Parse("10.96.0.91")], "name: tls, port: 443, targetPort: 8443");
        resources.Service("guarded", "guarded", [IPAddress.Parse("10.96.0.92")], "name: http, port: 80, targetPort: 8444");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var file in Files)
        {
            _shop.Mesh.Resources.Delete(file);
        }
        foreach (var server in _servers)
        {
            _shop.Mesh.Resources.RemovePod(server);
            await server.DisposeAsync();
        }
        _authority.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task It_is_told_of_each_edge_as_the_metrics_have_it()
    {
        await Eventually.HoldsAsync("the policy is in force", () => _shop.Client.CallAsync("http", "10.96.0.92:80"), result => result.Server?.Sni == "guarded.example");
        await using var browser = await Browser.StartAsync(_shop.Node);
        await browser.OpenAsync(ConsoleShop.Address);
        await browser.SeesAsync("[data-node='default/guarded']");
        // Of what passes while it looks.
        for (var i = 0; i < 3; i++)
        {
            await _shop.LoadAsync(1_000);
            Assert.Equal("CN=sealed", (await _shop.Client.CallAsync("tls", "10.96.0.91:443")).Certificate?[..9]);
            Assert.True((await _shop.Client.CallAsync("http", "10.96.0.92:80")).Ok);
        }

        foreach (var (server, security, name, counter) in new[]
        {
            ("web-1", "plaintext", "Plaintext", "nodemesh_http_requests_total"), ("sealed", "app_tls", "TLS of the app", "nodemesh_tcp_connections_opened_total"),
            ("guarded", "mesh_tls", "TLS by the mesh", "nodemesh_http_requests_total"),
        })
        {
            var edge = $"[data-edge='default/client default/{server}']";
            await Eventually.EqualAsync($"security of {server}", security, () => browser.AttributeAsync(edge, "data-security"), TimeSpan.FromSeconds(20));
            Assert.Equal(server == "web-1" ? "lock idle" : "lock good", await browser.AttributeAsync($"{edge} .lock", "class"));
            await browser.ClickAsync(edge);
            await browser.SeesAsync(".panel [data-security]", name);
            var counted = (await _shop.Agent.ScrapeAsync()).Find(counter, ("source_workload", "client"), ("destination_workload", server)).ToList();
            Assert.Equal([security], counted.Select(sample => sample.Label("security")).Distinct());
        }
        Assert.Empty(browser.Problems);
    }
}
