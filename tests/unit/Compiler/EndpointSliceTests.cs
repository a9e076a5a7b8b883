using Xunit;
using static NodeMesh.UnitTests.Compiler.TestMesh;

namespace NodeMesh.UnitTests.Compiler;

public class EndpointSliceTests
{
    [Fact]
    public void A_slice_takes_the_place_of_the_selector()
    {
        var compilation = Compile(Service("{port: 80}") + Pod("a", "10.0.0.1") + Slice("{addresses: [10.9.0.1], nodeName: n3, zone: z3}"));

        Assert.Equal(["10.9.0.1:8080"], Endpoints(compilation));
        var endpoint = compilation.Content.Services["default/web"].Ports[0].Endpoints[0];
        Assert.Equal(("", "n3", "z3"), (endpoint.Workload, endpoint.Node, endpoint.Zone));
    }

    [Theory]
    [InlineData("{}", "10.9.0.1:8080")]
    [InlineData("{ready: true}", "10.9.0.1:8080")]
    [InlineData("{ready: false}", "10.9.0.1:8080!")]
    [InlineData("{ready: false, serving: false, terminating: true}", "10.9.0.1:8080!")]
    public void Ready_unknown_reads_as_ready(string conditions, string endpoint) =>
        Assert.Equal([endpoint], Endpoints(Compile(Service("{port: 80}") + Slice($"{{addresses: [10.9.0.1], conditions: {conditions}}}"))));

    [Fact]
    public void Serving_endpoints_that_terminate_are_used_when_nothing_else_is_ready()
    {
        const string leaving = "{addresses: [10.9.0.1], conditions: {ready: false, serving: true, terminating: true}}";

        Assert.Equal(["10.9.0.1:8080"], Endpoints(Compile(Service("{port: 80}") + Slice(leaving))));
        Assert.Equal(["10.9.0.1:8080!", "10.9.0.2:8080"], Endpoints(Compile(Service("{port: 80}") + Slice($"{leaving}, {{addresses: [10.9.0.2]}}"))));
    }

    [Fact]
    public void Several_slices_are_put_together_and_an_endpoint_in_two_counts_once_as_the_better() =>
        Assert.Equal(["10.9.0.1:8080", "10.9.0.2:8080", "fd00::1:8080"], Endpoints(Compile(Service("{port: 80}")
            + Slice("{addresses: [10.9.0.2], conditions: {ready: false}}, {addresses: [10.9.0.1]}", name: "s1")
            + Slice("{addresses: [10.9.0.2]}", name: "s2")
            + Slice("{addresses: ['fd00::1']}", name: "s3", type: "IPv6")
            + Slice("{addresses: [example.com]}", name: "s4", type: "FQDN"))));

    [Fact]
    public void Ports_are_matched_by_name()
    {
        var compilation = Compile(Service("{name: a, port: 80}, {name: b, port: 81}, {name: c, port: 82}")
            + Slice("{addresses: [10.9.0.1]}", "{name: a, port: 1}, {name: b, port: 2}, {name: c, port: 3, protocol: UDP}"));

        Assert.Equal(["10.9.0.1:1", "10.9.0.1:2"], compilation.Content.Services["default/web"].Ports.SelectMany(port => port.Endpoints.Select(Show)));
        Assert.Empty(compilation.Problems);
    }

    [Fact]
    public void A_port_of_another_name_is_a_problem()
    {
        var problem = Assert.Single(Compile(Service("{name: http, port: 80}") + Slice("{addresses: [10.9.0.1]}", "{port: 80}")).Problems);

        Assert.Equal(("EndpointSlice", "default/s", "UnknownPort"), (problem.Kind, problem.Id, problem.Reason));
    }

    [Fact]
    public void A_pod_is_named_by_the_target_or_else_found_by_its_address()
    {
        var endpoints = Compile(Service("{port: 80}") + Pod("a", "10.0.0.1") + Pod("b", "10.0.0.2")
            + Slice("{addresses: [10.0.0.1]}, {addresses: [10.0.0.5], targetRef: {kind: Pod, name: b}}")).Content.Services["default/web"].Ports[0].Endpoints;

        Assert.Equal(["default/a", "default/b"], endpoints.Select(endpoint => endpoint.Workload));
        Assert.Equal(["n1", "n1"], endpoints.Select(endpoint => endpoint.Node));
    }

    [Fact]
    public void A_slice_without_a_Service_is_nobodys() => Assert.Empty(Compile(Slice("{addresses: [10.9.0.1]}")).Content.Services);

    [Fact]
    public void An_empty_slice_means_no_endpoints_although_pods_match() =>
        Assert.Empty(Endpoints(Compile(Service("{port: 80}") + Pod("a", "10.0.0.1") + Slice(""))));

    private static string Slice(string endpoints, string ports = "{port: 8080}", string name = "s", string type = "IPv4") => $$"""

        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{name}}, labels: {kubernetes.io/service-name: web} }
        addressType: {{type}}
        endpoints: [{{endpoints}}]
        ports: [{{ports}}]

        """;
}
