using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Routes;

/// <summary>Which of several routes counts: of another namespace, of another kind, and one that can't be carried out.</summary>
[Collection("ebpf")]
public sealed class WhoseRoutes(EbpfMesh mesh) : IAsyncLifetime
{
    private const string Lab = "10.96.0.67";

    private static readonly string[] Files = ["lab", "lab-producer", "lab-consumer"];

    public async ValueTask InitializeAsync()
    {
        mesh.Mesh.Resources.Write("lab", $$"""
            {apiVersion: v1, kind: Service, metadata: {name: shop, namespace: lab}, spec: {clusterIP: {{Lab}}, ports: [{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 82, targetPort: 8082}]} }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: shop, namespace: lab, labels: {kubernetes.io/service-name: shop} }
            addressType: IPv4
            endpoints: [{addresses: [{{mesh.Server().V4}}]}]
            ports: [{name: http, port: 8080}, {name: grpc, port: 8082}]
            """);
        await Eventually.HoldsAsync("the Service answers", () => mesh.Client().CallAsync("http", $"{Lab}:80"), result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        Array.ForEach(Files, mesh.Mesh.Resources.Delete);
        await Eventually.TrueAsync("nothing is left of it", async () => !(await mesh.Near.Agent.GetAsync("/config")).Contains("lab/shop", StringComparison.Ordinal));
        await mesh.Near.Agent.ReadyAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_callers_own_namespace_has_its_routes_alone_and_else_those_of_the_Service_count()
    {
        Write("lab-producer", "HTTPRoute", "lab", "producer", 80);
        await Eventually.EqualAsync("the Service's own route counts", "producer", ByAsync);

        Write("lab-consumer", "HTTPRoute", "default", "consumer", 80);
        await Eventually.EqualAsync("the caller's own goes before it", "consumer", ByAsync);

        mesh.Mesh.Resources.Delete("lab-consumer");
        await Eventually.EqualAsync("the Service's own route counts again", "producer", ByAsync);

        async Task<string?> ByAsync()
        {
            var result = await mesh.Client().CallAsync("http", $"{Lab}:80");
            Assert.True(result.Ok, $"{result.Status} {result.Error}");
            return result.Headers!.GetValueOrDefault("x-by");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_two_kinds_on_a_port_the_more_specific_has_it_and_the_other_is_told()
    {
        Write("lab-producer", "HTTPRoute", "lab", "http", 82);
        await Eventually.EqualAsync("the HTTPRoute counts", "http", ByAsync);

        Write("lab-consumer", "GRPCRoute", "lab", "grpc", 82);
        await Eventually.EqualAsync("the GRPCRoute has the port", "grpc", ByAsync);
        var routes = await mesh.Near.Agent.GetAsync("/routes");
        Assert.Contains("\"Conflicted\"", routes, StringComparison.Ordinal);

        async Task<string?> ByAsync()
        {
            var result = await mesh.Client().CallAsync("grpc", $"{Lab}:82");
            Assert.True(result.Ok, result.Error);
            return result.Headers!.GetValueOrDefault("x-by");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_filter_that_nobody_knows_is_an_error_and_never_left_out()
    {
        Write("lab-producer", "HTTPRoute", "lab", "filtered", 80, "{type: ExtensionRef, extensionRef: {group: example.org, kind: Magic, name: m}}");

        var refused = await Eventually.HoldsAsync("the route counts", () => mesh.Client().CallAsync("http", $"{Lab}:80"), result => !result.Ok);

        Assert.Equal((500, "invalid_filter"), (refused.Status, refused.Headers!["nodemesh-error"]));
        Assert.Contains("InvalidKind", await mesh.Near.Agent.GetAsync("/routes"), StringComparison.Ordinal);
    }

    private void Write(string file, string kind, string ns, string name, int port, string? filter = null) => mesh.Mesh.Resources.Write(file, $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: {{kind}}
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec:
          parentRefs: [{group: "", kind: Service, name: shop, namespace: lab, port: {{port}} }]
          rules:
          - filters: [ {{filter ?? $"{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: x-by, value: {name}}}]}}}}"}} ]
            backendRefs: [{name: shop, namespace: lab, port: {{port}} }]
        """);
}
