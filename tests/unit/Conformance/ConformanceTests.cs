using System.Net;
using NodeMesh.Agent.Compiler;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.UnitTests.Compiler;
using NodeMesh.UnitTests.Resources;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Conformance;

/// <summary>
/// The cases of the Gateway API's conformance tests for a mesh, from YAML to the proxy's decision. Its manifests are read where they are
/// found (a folder shared/gateway-api/mesh somewhere above); else those here, which say the same.
/// </summary>
public class ConformanceTests
{
    private const string Home = "gateway-conformance-mesh";

    [Theory]
    [InlineData("/", "", "echo-v1")]
    [InlineData("/example", "", "echo-v1")]
    [InlineData("/", "version: one", "echo-v1")]
    [InlineData("/v2", "", "echo-v2")]
    [InlineData("/v2?query", "", "echo-v2")]
    [InlineData("/v2/", "", "echo-v2")]
    [InlineData("/v2/example", "", "echo-v2")]
    [InlineData("/", "Version: two", "echo-v2")]
    [InlineData("/v2example", "", "echo-v1")]
    [InlineData("/foo/v2/example", "", "echo-v1")]
    public void Matching(string path, string header, string backend) => Assert.Equal(backend, Decide("httproute-matching", path, header));

    [Theory]
    [InlineData("/v1", "echo-v1")]
    [InlineData("/v2", "echo-v2")]
    [InlineData("/v3", "no_route")]
    public void Split(string path, string backend) => Assert.Equal(backend, Decide("mesh-split", path));

    [Fact]
    public void Simple_same_namespace() => Assert.Equal("echo-v1", Decide("httproute-simple-same-namespace", "/"));

    [Fact]
    public void Weight()
    {
        var router = Router(Snapshot("httproute-weight"), "echo", 80);
        var first = Enumerable.Range(0, 5000).Count(_ => Backend(router.Decide(Head("/"))) == "echo-v1");

        Assert.InRange(first, 3350, 3650);
    }

    [Theory]
    [InlineData("echo-v1", 80, "v1")]
    [InlineData("echo-v1", 8080, null)]
    [InlineData("echo-v2", 80, "v2")]
    [InlineData("echo-v2", 8080, "v2")]
    public void Ports(string service, int port, string? header)
    {
        var choice = Router(Snapshot("mesh-ports"), service, port).Route(Head("/"));

        Assert.Equal(header, choice.Rule?.Rule.Filters[0].ResponseHeaders.Set.Single().Value);
        Assert.Equal(Reason.None, choice.Refusal);
    }

    [Theory]
    [InlineData("echo-v2", "echo-v1", true)]
    [InlineData("echo-v1", "echo-v2", false)]
    public void A_frontend_is_known_by_its_cluster_IP_not_by_host(string dialled, string host, bool isRouted) =>
        Assert.Equal(isRouted, Router(Snapshot("mesh-frontend"), dialled, 80).Route(new RequestHead("GET", "/", host, false)).Match is not null);

    [Fact]
    public void A_pods_own_address_is_not_routed()
    {
        var snapshot = Snapshot("mesh-frontend");
        var pod = IPEndPoint.Parse("10.0.0.2:8080");
        var router = new RequestRouter(snapshot, Balancer, ConnectionRoute.For(snapshot.Current, Direction.Outbound, Client, pod), pod);

        Assert.Null(router.Route(Head("/")).Match);
        Assert.Equal(pod, router.Decide(Head("/")).Address);
    }

    [Theory]
    [InlineData("/set", 1, 0, 0)]
    [InlineData("/add", 0, 1, 0)]
    [InlineData("/remove", 0, 0, 1)]
    [InlineData("/multiple", 2, 3, 2)]
    [InlineData("/case-insensitivity", 1, 1, 1)]
    public void Request_header_modifier(string path, int set, int add, int remove)
    {
        var modifier = Router(Snapshot("httproute-request-header-modifier"), "echo", 80).Route(Head(path)).Rule!.Rule.Filters.Single().RequestHeaders;

        Assert.Equal((set, add, remove), (modifier.Set.Count, modifier.Add.Count, modifier.Remove.Count));
    }

    [Theory]
    [InlineData(Home, false)]
    [InlineData("gateway-conformance-mesh-consumer", true)]
    public void Consumer_route(string caller, bool isRouted)
    {
        var snapshot = Snapshot("mesh-consumer-route", $$"""
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: caller, namespace: {{caller}} }, status: {podIP: 10.9.9.9} }
            """);

        Assert.Equal(isRouted, Router(snapshot, "echo-v1", 80).Route(Head("/")).Match is not null);
    }

    [Theory]
    [InlineData("/?animal=whale", "", "echo-v1")]
    [InlineData("/?animal=dolphin", "", "echo-v2")]
    [InlineData("/?animal=dolphin&color=blue", "", "echo-v3")]
    [InlineData("/?animal=whale&otherparam=irrelevant", "", "echo-v1")]
    [InlineData("/?animal=shark", "", "no_route")]
    [InlineData("/", "", "no_route")]
    [InlineData("/path5?animal=hydra", "", "echo-v1")]
    [InlineData("/?animal=hydra", "version: four", "echo-v3")]
    public void Query_parameter_matching(string path, string header, string backend) => Assert.Equal(backend, Decide("httproute-query", path, header));

    [Fact]
    public void A_gRPC_backend_of_weight_zero_that_does_not_exist_breaks_nothing()
    {
        var router = Router(Snapshot("grpcroute-weight"), "echo", 7070);

        Assert.All(Enumerable.Range(0, 500), _ => Assert.NotEqual(
            "invalid_backend", Backend(router.Decide(new RequestHead("POST", "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/Echo", "echo", true)))));
    }

    private static IPEndPoint Client { get; } = IPEndPoint.Parse("10.9.9.9:1000");

    private static LoadBalancer Balancer { get; } = new(TimeProvider.System, new Random(1));

    private static string Decide(string manifest, string target, string header = "") => Backend(Router(Snapshot(manifest), "echo", 80).Decide(Head(target, header)));

    private static RequestHead Head(string target, string header = "")
    {
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        return new RequestHead("GET", target, "echo", false, colon < 0 ? null : new TestFields((header[..colon], header[(colon + 2)..])));
    }

    private static string Backend(RequestDecision decision) =>
        decision.Backend?.Port.Service.Split('/')[1] ?? (decision.Refusal == Reason.None ? "(no route)" : decision.Refusal.Word());

    private static RequestRouter Router(SnapshotStore snapshot, string service, int port)
    {
        var address = service switch { "echo" => "10.96.0.1", "echo-v1" => "10.96.0.2", _ => "10.96.0.3" };
        var destination = new IPEndPoint(IPAddress.Parse(address), port);
        return new RequestRouter(snapshot, Balancer, ConnectionRoute.For(snapshot.Current, Direction.Outbound, Client, destination), destination);
    }

    private static SnapshotStore Snapshot(string manifest, string more = "")
    {
        var compilation = MeshCompiler.Compile(TestResources.Parse($"{Base}\n---\n{Manifest(manifest)}\n{more}"), new NodeContext("n1"));
        Assert.DoesNotContain(compilation.Problems, problem => problem.Kind == "HTTPRoute");
        var delta = SnapshotDiff.Full(compilation.Content);
        delta.Version = 1;
        var store = new SnapshotStore(TimeProvider.System);
        store.Apply(delta);
        return store;
    }

    private static string Manifest(string name) =>
        RepositoryFiles.Find($"shared/gateway-api/mesh/{name}.yaml") is { } path ? File.ReadAllText(path) : Own[name];

    private static string Route(string name, string parent, string rules, string ns = Home, string kind = "HTTPRoute") => $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: {{kind}}, metadata: {name: {{name}}, namespace: {{ns}}}, spec: {parentRefs: [{group: "", kind: Service, {{parent}}}], rules: [{{rules}}] } }

        """;

    private static string Modify(string prefix, string modifier) =>
        $"{{matches: [{{path: {{type: PathPrefix, value: {prefix}}}}}], filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {{{modifier}}}}}], backendRefs: [{{name: echo-v1, port: 8080}}]}}";

    private static string SetResponse(string value, string backend, string ns = Home) =>
        $"{{filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: X-Header-Set, value: {value}}}]}}}}], backendRefs: [{{name: {backend}, namespace: {ns}, port: 80}}]}}";

    private static readonly Dictionary<string, string> Own = new()
    {
        ["httproute-matching"] = Route("m", "name: echo, port: 80", """
            {matches: [{path: {type: PathPrefix, value: /}}, {headers: [{name: version, value: one}]}], backendRefs: [{name: echo-v1, port: 8080}]},
            {matches: [{path: {type: PathPrefix, value: /v2}}, {headers: [{name: version, value: two}]}], backendRefs: [{name: echo-v2, port: 8080}]}
            """),
        ["mesh-split"] = Route("s", "name: echo", """
            {matches: [{path: {type: Exact, value: /v1}}], backendRefs: [{name: echo-v1, port: 80}]},
            {matches: [{path: {type: Exact, value: /v2}}], backendRefs: [{name: echo-v2, port: 80}]}
            """),
        ["httproute-simple-same-namespace"] = Route("s", "name: echo, port: 80", "{backendRefs: [{name: echo-v1, port: 8080}]}"),
        ["httproute-weight"] = Route("w", "name: echo, port: 80", "{backendRefs: [{name: echo-v1, port: 8080, weight: 70}, {name: echo-v2, port: 8080, weight: 30}]}"),
        ["mesh-ports"] = $"{Route("p1", "name: echo-v1, port: 80", SetResponse("v1", "echo-v1"))}---\n{Route("p2", "name: echo-v2", SetResponse("v2", "echo-v2"))}",
        ["mesh-frontend"] = Route("f", "name: echo-v2", SetResponse("set", "echo-v2")),
        ["httproute-request-header-modifier"] = Route("h", "name: echo, port: 80", string.Join(", ",
            Modify("/set", "set: [{name: X-Header-Set, value: a}]"),
            Modify("/add", "add: [{name: X-Header-Add, value: a}]"),
            Modify("/remove", "remove: [X-Header-Remove]"),
            Modify("/multiple", "set: [{name: A, value: a}, {name: B, value: b}], add: [{name: C, value: c}, {name: D, value: d}, {name: E, value: e}], remove: [F, G]"),
            Modify("/case-insensitivity", "set: [{name: X-Header-Set, value: a}], add: [{name: X-Header-Add, value: a}], remove: [X-Header-Remove]"))),
        ["mesh-consumer-route"] = Route("c", $"name: echo-v1, namespace: {Home}", SetResponse("set", "echo-v1"), "gateway-conformance-mesh-consumer"),
        ["httproute-query"] = Route("q", "name: echo, port: 80", """
            {matches: [{queryParams: [{name: animal, value: whale}]}], backendRefs: [{name: echo-v1, port: 8080}]},
            {matches: [{queryParams: [{name: animal, value: dolphin}]}], backendRefs: [{name: echo-v2, port: 8080}]},
            {matches: [{queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]}], backendRefs: [{name: echo-v3, port: 8080}]},
            {matches: [{queryParams: [{name: animal, value: hydra}]}], backendRefs: [{name: echo-v2, port: 8080}]},
            {matches: [{path: {type: PathPrefix, value: /path5}}], backendRefs: [{name: echo-v1, port: 8080}]},
            {matches: [{headers: [{name: version, value: four}], queryParams: [{name: animal, value: hydra}]}], backendRefs: [{name: echo-v3, port: 8080}]}
            """),
        ["grpcroute-weight"] = Route("g", "name: echo, port: 7070",
            "{backendRefs: [{name: echo-v1, port: 7070, weight: 70}, {name: echo-v2, port: 7070, weight: 30}, {name: nobody, port: 7070, weight: 0}]}", kind: "GRPCRoute"),
    };

    /// <summary>The Services of the suite, with the cluster IPs that an API server would have given them, and a pod behind each.</summary>
    private static string Base { get; } = string.Join("\n---\n", new[] { ("echo", 1), ("echo-v1", 2), ("echo-v2", 3), ("echo-v3", 4) }.Select(service => $$"""
        {apiVersion: v1, kind: Service, metadata: {name: {{service.Item1}}, namespace: {{Home}}}, spec: {clusterIP: 10.96.0.{{service.Item2}}, selector: {app: {{service.Item1}}}, ports: [
          {name: http, port: 80, appProtocol: http, targetPort: 8080}, {name: http-alt, port: 8080, appProtocol: http}, {name: https, port: 443, targetPort: 8443},
          {name: tcp, port: 9090}, {name: grpc, port: 7070, appProtocol: grpc}] } }
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: {{service.Item1}}, namespace: {{Home}}, labels: {app: {{service.Item1}}} }, status: {podIP: 10.0.0.{{service.Item2}}} }
        """));
}
