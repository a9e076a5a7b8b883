using System.Net;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>Traces of real pods on two machines, and the spans that a collector gets of them.</summary>
[Collection("ebpf")]
public sealed class Traces(EbpfMesh mesh) : IAsyncLifetime
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";

    private TestPod _pod = null!;
    private CollectorPod _collector = null!;
    private int _applied;

    public async ValueTask InitializeAsync()
    {
        _pod = await mesh.AddPodAsync("otel", enrolled: false, app: "otel");
        mesh.Mesh.Resources.Pod(_pod, enrolled: false, app: "otel");
        _collector = await CollectorPod.StartAsync(_pod, mesh.Mesh.Resources);
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear), app: "traced");
        }
        mesh.Mesh.Resources.Service("traced", "traced", [IPAddress.Parse("10.96.0.61")], "name: http, port: 80, targetPort: 8080", "name: grpc, port: 82, targetPort: 8082");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "telemetry", "sampling", "service-traced", "service-otel" })
        {
            mesh.Mesh.Resources.Delete(name);
        }
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear));
        }
        mesh.Mesh.Resources.RemovePod(_pod);
        await _pod.DisposeAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task On_one_node_a_trace_goes_on_through_the_spans_of_both_sides()
    {
        await ApplyAsync($"tracing: {{percentage: 0, {CollectorPod.Grpc}}}");
        var seen = await CallAsync(isNear: true, $"traceparent: 00-{Trace}-{Parent}-01", "tracestate: vendor=1");

        var spans = await _collector.ReceivesAsync("span", 2, span => (string?)span["traceId"] == Trace);
        var client = Assert.Single(spans, span => (string?)span["kind"] == "Client");
        var server = Assert.Single(spans, span => (string?)span["kind"] == "Server");

        Assert.Equal((Parent, "meshed-client", "GET", "vendor=1", "grpc"), ((string?)client["parentSpanId"], Service(client), (string?)client["name"], (string?)client["traceState"], (string?)client["by"]));
        Assert.Equal(((string?)client["spanId"], "near-meshed"), ((string?)server["parentSpanId"], Service(server)));
        Assert.Equal($"00-{Trace}-{server["spanId"]}-01", seen["traceparent"]);
        Assert.Equal("vendor=1", seen["tracestate"]);
        foreach (var span in spans)
        {
            Assert.Equal(("200", "GET", "/traced", "default/traced"), (Attribute(span, "http.response.status_code"), Attribute(span, "http.request.method"), Attribute(span, "url.path"), Attribute(span, "nodemesh.service")));
            Assert.True((ulong)span["start"]! <= (ulong)span["end"]!);
            Assert.Equal("default", (string?)span["resource"]!["k8s.namespace.name"]);
        }
        Assert.Equal("8080", Attribute(client, "network.peer.port"));
        Assert.Equal(mesh.Client().V4.ToString(), Attribute(server, "client.address"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Between_nodes_a_trace_is_begun_on_one_and_joined_on_the_other()
    {
        await ApplyAsync($"tracing: {{percentage: 100, {CollectorPod.Http}}}");
        var seen = await CallAsync(isNear: false);

        var trace = seen["traceparent"].Split('-')[1];
        var spans = await _collector.ReceivesAsync("span", 2, span => (string?)span["traceId"] == trace);
        var client = Assert.Single(spans, span => (string?)span["kind"] == "Client");
        var server = Assert.Single(spans, span => (string?)span["kind"] == "Server");

        Assert.Equal(("", "meshed-client", "outbound", "http"), ((string?)client["parentSpanId"], Service(client), Attribute(client, "nodemesh.direction"), (string?)client["by"]));
        Assert.Equal(((string?)client["spanId"], "far-meshed", "inbound"), ((string?)server["parentSpanId"], Service(server), Attribute(server, "nodemesh.direction")));
        Assert.Equal($"00-{trace}-{server["spanId"]}-01", seen["traceparent"]);
    }

    [Fact(Timeout = 120_000)]
    public async Task B3_is_joined_and_gRPC_calls_have_their_names()
    {
        await ApplyAsync($"tracing: {{percentage: 0, {CollectorPod.Grpc}}}");
        var seen = await CallAsync(isNear: true, $"b3: {Trace}-{Parent}-1");
        Assert.StartsWith($"00-{Trace}-", seen["traceparent"], StringComparison.Ordinal);
        Assert.Equal($"{Trace}-{Parent}-1", seen["b3"]);
        await _collector.ReceivesAsync("span", 1, span => (string?)span["traceId"] == Trace && (string?)span["parentSpanId"] == Parent);

        await ApplyAsync($"tracing: {{percentage: 100, {CollectorPod.Grpc}}}");
        var call = await mesh.Client().CallAsync("grpc", $"{mesh.Server().V4}:8082");
        Assert.True(call.Ok, call.Error);
        var span = (await _collector.ReceivesAsync("span", 2, span => Attribute(span, "rpc.system") == "grpc"))[0];
        Assert.Equal($"{Attribute(span, "rpc.service")}/{Attribute(span, "rpc.method")}", (string?)span["name"]);
        Assert.Equal("0", Attribute(span, "rpc.grpc.status_code"));
    }

    [Fact(Timeout = 120_000)]
    public async Task What_is_not_sampled_has_no_spans_and_without_a_policy_nothing_is_added()
    {
        await ApplyAsync($"tracing: {{percentage: 0, {CollectorPod.Grpc}}}");
        var seen = await CallAsync(isNear: false);
        // One decision counts for the whole trace: who comes later is told.
        Assert.EndsWith("-00", seen["traceparent"], StringComparison.Ordinal);
        Assert.Equal($"00-{Trace}-{Parent}-00", (await CallAsync(isNear: false, $"traceparent: 00-{Trace}-{Parent}-00"))["traceparent"]);

        mesh.Mesh.Resources.Delete("telemetry");
        await Eventually.TrueAsync("it is off", async () => !(await CallAsync(isNear: true)).ContainsKey("traceparent"));
        Assert.Equal($"00-{Trace}-{Parent}-01", (await CallAsync(isNear: true, $"traceparent: 00-{Trace}-{Parent}-01"))["traceparent"]);
        Assert.Empty(_collector.Of("span", _ => true));
    }

    [Theory(Timeout = 120_000)]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Each_route_is_sampled_by_its_own_policy_whatever_that_of_the_Service_says(int service)
    {
        mesh.Mesh.Resources.Write("sampling", string.Join("\n---\n", Sampled("loud", 100), Sampled("quiet", 0)));
        await ApplyAsync($"tracing: {{percentage: {service}, {CollectorPod.Grpc}}}");
        var loud = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            Assert.EndsWith("-00", await TraceParentAsync("/quiet"), StringComparison.Ordinal);
            var parent = await TraceParentAsync("/loud");
            Assert.EndsWith("-01", parent, StringComparison.Ordinal);
            loud.Add(parent.Split('-')[1]);
        }

        // Of both ends of each, those between the nodes among them.
        var spans = await _collector.ReceivesAsync("span", 20, span => loud.Contains((string?)span["traceId"] ?? ""));
        Assert.All(loud, trace => Assert.Equal(["Client", "Server"], spans.Where(span => (string?)span["traceId"] == trace).Select(span => (string?)span["kind"]).Order()));
        Assert.Equal(["/loud"], _collector.Of("span", _ => true).Select(span => Attribute(span, "url.path")).Distinct());
        Assert.Contains(spans, span => Attribute(span, "nodemesh.route") == "default/loud");

        async Task<string> TraceParentAsync(string path)
        {
            var result = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = "10.96.0.61:80", Path = path });
            Assert.True(result.Ok, result.Error);
            return result.Server!.Headers!["traceparent"];
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Lines_of_an_access_log_go_to_a_collector_with_their_trace()
    {
        await ApplyAsync($"accessLog: {{{CollectorPod.Http}}}, tracing: {{percentage: 0, {CollectorPod.Grpc}}}");
        await CallAsync(isNear: true, $"traceparent: 00-{Trace}-{Parent}-01");

        var line = Assert.Single(await _collector.ReceivesAsync("log", 1, _ => true));
        Assert.Equal(("GET /traced 200", "INFO", Trace, "meshed-client"), ((string?)line["body"], (string?)line["severity"], (string?)line["traceId"], Service(line)));
        Assert.Equal(("default/near-meshed", "local"), (Attribute(line, "nodemesh.destination.pod"), Attribute(line, "nodemesh.direction")));
        Assert.True((await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_access_log_lines_total", ("sink", "collector")) >= 1);
    }

    /// <summary>A route for what begins with its name, and the policy that says how much of it is sampled.</summary>
    private static string Sampled(string name, int percentage) => $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: {{name}}, namespace: default}, spec: {
          parentRefs: [{group: '', kind: Service, name: traced, port: 80}], rules: [{matches: [{path: {value: /{{name}} } }], backendRefs: [{name: traced, port: 80}]}] } }
        ---
        {apiVersion: nodemesh.io/v1alpha1, kind: TelemetryPolicy, metadata: {name: sample-{{name}}, namespace: default}, spec: {
          targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: {{name}}}], tracing: {percentage: {{percentage}}, {{CollectorPod.Grpc}}} } }
        """;

    private static string? Attribute(JsonObject line, string name) => (string?)line["attributes"]![name];

    private static string? Service(JsonObject line) => (string?)line["resource"]!["service.name"];

    /// <summary>The header fields that the server saw.</summary>
    private async Task<IReadOnlyDictionary<string, string>> CallAsync(bool isNear, params string[] headers)
    {
        var result = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = $"{mesh.Server(isNear: isNear).V4}:8080", Path = "/traced", Headers = headers });
        Assert.True(result.Ok, result.Error);
        return result.Server!.Headers!;
    }

    private async Task ApplyAsync(string spec)
    {
        var name = $"t{++_applied}";
        mesh.Mesh.Resources.Write("telemetry", $$"""
            {apiVersion: nodemesh.io/v1alpha1, kind: TelemetryPolicy, metadata: {name: {{name}}, namespace: default}, spec: {targetRefs: [{kind: Service, name: traced}], {{spec}} } }
            """);
        foreach (var node in mesh.Mesh.Nodes)
        {
            await node.Agent.AppliesAsync($"\"default/{name}\"");
        }
    }
}
