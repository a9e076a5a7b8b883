using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Compiler.TestMesh;

namespace NodeMesh.UnitTests.Compiler;

public class ServiceTests
{
    [Fact]
    public void Endpoints_are_derived_from_the_selector()
    {
        var compilation = Compile(Service("{port: 80}") + Pod("b", "10.0.0.2") + Pod("a", "10.0.0.1") + """
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: other, labels: {app: db}}, status: {podIP: 10.0.0.3}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: elsewhere, namespace: shop, labels: {app: web}}, status: {podIP: 10.0.0.4}}
            """);

        Assert.Equal(["10.0.0.1:80", "10.0.0.2:80"], Endpoints(compilation));
        var endpoint = compilation.Content.Services["default/web"].Ports[0].Endpoints[0];
        Assert.Equal(("default/a", "n1"), (endpoint.Workload, endpoint.Node));
    }

    [Fact]
    public void All_labels_of_a_selector_must_match() => Assert.Equal(["10.0.0.1:80"], Endpoints(Compile("""
        {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {app: web, v: "1"}, ports: [{port: 80}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: web, v: "1"}}, status: {podIP: 10.0.0.1}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: web, v: "2"}}, status: {podIP: 10.0.0.2}}
        """)));

    [Fact]
    public void No_selector_selects_nothing() =>
        Assert.Empty(Endpoints(Compile("{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}" + Pod("a", "10.0.0.1"))));

    [Theory]
    [InlineData("", "10.0.0.1:80")]
    [InlineData("phase: Running", "10.0.0.1:80")]
    [InlineData("phase: Pending", "10.0.0.1:80!")]
    [InlineData("phase: Running, conditions: [{type: Ready, status: \"False\"}]", "10.0.0.1:80!")]
    [InlineData("conditions: [{type: Initialized, status: \"False\"}, {type: Ready, status: \"True\"}]", "10.0.0.1:80")]
    public void A_pod_is_ready_as_its_status_says(string status, string endpoint) =>
        Assert.Equal([endpoint], Endpoints(Compile(Service("{port: 80}") + Pod("a", "10.0.0.1", status: status))));

    [Fact]
    public void A_terminating_pod_is_no_endpoint() =>
        Assert.Empty(Endpoints(Compile(Service("{port: 80}") + Pod("a", "10.0.0.1", "deletionTimestamp: 2024-01-01T00:00:00Z"))));

    [Fact]
    public void Addresses_are_published_before_they_are_ready_where_the_Service_says_so() => Assert.Equal(["10.0.0.1:80"], Endpoints(Compile(
        Service("{port: 80}", "publishNotReadyAddresses: true") + Pod("a", "10.0.0.1", status: "conditions: [{type: Ready, status: \"False\"}]"))));

    [Fact]
    public void Both_families_of_a_pod_are_endpoints() =>
        Assert.Equal(["10.0.0.1:80", "fd00::1:80"], Endpoints(Compile(Service("{port: 80}") + Pod("a", "10.0.0.1", status: "podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]"))));

    [Fact]
    public void A_pod_without_declared_address_is_an_endpoint_by_the_one_found() => Assert.Equal(["10.0.0.7:80"], Endpoints(Compile(
        Service("{port: 80}") + "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: web}, annotations: {nodemesh.io/netns: p}}}",
        ("default/p", ["10.0.0.7"]))));

    [Fact]
    public void A_pod_that_lost_its_address_is_no_endpoint_by_it() =>
        Assert.Equal("default/a", Assert.Single(Compile(Service("{port: 80}") + Pod("a", "10.0.0.1") + Pod("b", "10.0.0.1")).Content.Services["default/web"].Ports[0].Endpoints).Workload);

    [Theory]
    [InlineData("{port: 80, targetPort: 8080}", "10.0.0.1:8080")]
    [InlineData("{port: 80, targetPort: web}", "10.0.0.1:9090")]
    [InlineData("{port: 80, targetPort: proxy}", "10.0.0.1:15000")]
    [InlineData("{port: 80}", "10.0.0.1:80")]
    public void A_target_port_is_a_number_or_the_name_of_a_container_port(string port, string endpoint) => Assert.Equal([endpoint], Endpoints(Compile(Service(port) + Pod(
        "a", "10.0.0.1", spec: "containers: [{ports: [{name: web, containerPort: 53, protocol: UDP}]}, {ports: [{name: web, containerPort: 9090}]}], initContainers: [{ports: [{name: proxy, containerPort: 15000}]}]"))));

    [Fact]
    public void A_name_means_in_each_pod_what_that_pod_says()
    {
        var compilation = Compile(Service("{port: 80, targetPort: web}")
            + Pod("a", "10.0.0.1", spec: "containers: [{ports: [{name: web, containerPort: 1}]}]")
            + Pod("b", "10.0.0.2", spec: "containers: [{ports: [{name: web, containerPort: 2}]}]")
            + Pod("c", "10.0.0.3"));

        Assert.Equal(["10.0.0.1:1", "10.0.0.2:2"], Endpoints(compilation));
        var problem = Assert.Single(compilation.Problems);
        Assert.Equal("TargetPortNotFound", problem.Reason);
        Assert.Contains("default/c", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clusterIP: 10.96.0.1", new[] { "10.96.0.1" })]
    [InlineData("clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'FD00:96::1']", new[] { "10.96.0.1", "fd00:96::1" })]
    [InlineData("clusterIP: None", new string[0])]
    [InlineData("clusterIPs: [None]", new string[0])]
    [InlineData("type: ClusterIP", new string[0])]
    public void Cluster_IPs_are_those_declared(string spec, string[] addresses) =>
        Assert.Equal(addresses, Compile(Service("{port: 80}", spec)).Content.Services["default/web"].ClusterIps);

    [Fact]
    public void An_ExternalName_is_left_alone() =>
        Assert.Empty(Compile(Service("{port: 80}", "type: ExternalName, externalName: example.com")).Content.Services);

    [Fact]
    public void Only_TCP_ports_are_taken_up() =>
        Assert.Equal([53u], Compile(Service("{name: a, port: 53}, {name: b, port: 54, protocol: UDP}, {name: c, port: 55, protocol: SCTP}")).Content.Services["default/web"].Ports.Select(port => port.Port));

    [Fact]
    public void A_cluster_IP_held_twice_stays_with_the_oldest()
    {
        var compilation = Compile(Service("{port: 80}", name: "a") + Service("{port: 80}", metadata: "creationTimestamp: 2024-01-01T00:00:00Z", name: "b"));

        Assert.Empty(compilation.Content.Services["default/a"].ClusterIps);
        Assert.Equal(["10.96.0.1"], compilation.Content.Services["default/b"].ClusterIps);
        var problem = Assert.Single(compilation.Problems);
        Assert.Equal(("default/a", "ClusterIPConflict"), (problem.Id, problem.Reason));
    }

    [Theory]
    [InlineData("appProtocol: http", Protocol.Http)]
    [InlineData("appProtocol: HTTP", Protocol.Http)]
    [InlineData("appProtocol: https", Protocol.Tls)]
    [InlineData("appProtocol: tls", Protocol.Tls)]
    [InlineData("appProtocol: tcp", Protocol.Opaque)]
    [InlineData("appProtocol: grpc", Protocol.Grpc)]
    [InlineData("appProtocol: http2", Protocol.Http2)]
    [InlineData("appProtocol: kubernetes.io/h2c", Protocol.Http2)]
    [InlineData("appProtocol: kubernetes.io/ws", Protocol.Websocket)]
    [InlineData("appProtocol: kubernetes.io/wss", Protocol.Tls)]
    [InlineData("appProtocol: linkerd.io/opaque", Protocol.Opaque)]
    [InlineData("appProtocol: redis", Protocol.Opaque)]
    [InlineData("appProtocol: tcp, name: http", Protocol.Opaque)]
    [InlineData("name: http", Protocol.Http)]
    [InlineData("name: http-api", Protocol.Http)]
    [InlineData("name: http2", Protocol.Http2)]
    [InlineData("name: http2-api", Protocol.Http2)]
    [InlineData("name: grpc", Protocol.Grpc)]
    [InlineData("name: grpc-api", Protocol.Grpc)]
    [InlineData("name: grpc-web", Protocol.Http)]
    [InlineData("name: grpc-web-api", Protocol.Http)]
    [InlineData("name: https-admin", Protocol.Tls)]
    [InlineData("name: tcp-x", Protocol.Opaque)]
    [InlineData("name: mysql", Protocol.Opaque)]
    [InlineData("name: httpd", Protocol.Unspecified)]
    [InlineData("name: api-http", Protocol.Unspecified)]
    [InlineData("name: web", Protocol.Unspecified)]
    [InlineData("targetPort: 80", Protocol.Unspecified)]
    public void The_protocol_is_that_of_appProtocol_then_of_the_name(string port, Protocol protocol)
    {
        var compilation = Compile(Service($"{{port: 80, {port}}}"));

        Assert.Equal(protocol, compilation.Content.Services["default/web"].Ports[0].Protocol);
        Assert.Empty(compilation.Problems);
    }

    [Fact]
    public void An_unknown_appProtocol_is_a_problem_and_detected()
    {
        var compilation = Compile(Service("{port: 80, name: http, appProtocol: example.com/own}"));

        Assert.Equal(Protocol.Unspecified, compilation.Content.Services["default/web"].Ports[0].Protocol);
        Assert.Equal("UnknownAppProtocol", Assert.Single(compilation.Problems).Reason);
    }

    [Theory]
    [InlineData("annotations: {nodemesh.io/opaque-ports: '80'}", "", "", Protocol.Opaque)]
    [InlineData("annotations: {nodemesh.io/opaque-ports: '8080'}", "", "", Protocol.Http)]
    [InlineData("", "nodemesh.io/opaque-ports: '8080'", "", Protocol.Opaque)]
    [InlineData("", "nodemesh.io/opaque-ports: '80'", "", Protocol.Http)]
    [InlineData("", "", "nodemesh.io/opaque-ports: '80,1'", Protocol.Opaque)]
    [InlineData("", "", "nodemesh.io/opaque-ports: '8080'", Protocol.Opaque)]
    public void Opaque_ports_are_those_of_the_Service_by_port_of_the_pod_by_target_and_of_the_Namespace_by_either(
        string service, string pod, string ns, Protocol protocol)
    {
        var compilation = Compile(Service("{port: 80, targetPort: 8080, name: http}", metadata: service) + $$"""
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: default, annotations: { {{ns}} } } }
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: web}, annotations: { {{pod}} } }, status: {podIP: 10.0.0.1} }
            """);

        Assert.Equal(protocol, compilation.Content.Services["default/web"].Ports[0].Protocol);
    }
}
