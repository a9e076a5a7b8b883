using NodeMesh.Agent.Capture;
using Xunit;
using static NodeMesh.UnitTests.Compiler.TestMesh;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>What the kubelet asks a pod, from its containers' probes and lifecycle handlers.</summary>
public class PodProbeTests
{
    [Theory]
    [InlineData("livenessProbe: {httpGet: {path: /live, port: 8080}}", "8080 /live", "8080")]
    [InlineData("readinessProbe: {httpGet: {path: /ready?full=1, port: web}}", "8080 /ready", "8080")]
    [InlineData("startupProbe: {httpGet: {port: 8080}}", "8080 /", "8080")]
    [InlineData("startupProbe: {httpGet: {path: up, port: 8080}}", "8080 /up", "8080")]
    [InlineData("lifecycle: {preStop: {httpGet: {path: /drain, port: 8080}}}", "8080 /drain", "8080")]
    [InlineData("livenessProbe: {grpc: {port: 9000, service: cart}}", "9000 /grpc.health.v1.Health/Check", "9000")]
    [InlineData("livenessProbe: {tcpSocket: {port: web}}", "", "8080 direct")]
    [InlineData("livenessProbe: {httpGet: {path: /live, port: 8443, scheme: HTTPS}}", "", "8443 direct")]
    [InlineData("livenessProbe: {tcpSocket: {port: 8080}}, readinessProbe: {httpGet: {path: /ready, port: 8080}}", "8080 /ready", "8080 direct")]
    [InlineData("livenessProbe: {httpGet: {path: /live, port: 3306}}", "3306 /live", "3306 direct")] // declared opaque
    [InlineData("livenessProbe: {exec: {command: [true]}}", "", "")]
    [InlineData("livenessProbe: {httpGet: {path: /live, port: 8080, host: example.org}}", "", "")]
    [InlineData("livenessProbe: {tcpSocket: {port: nowhere}}", "", "")]
    public void Probes_are_requests_the_proxy_lets_through_or_connections_it_stays_out_of(string container, string requests, string ports)
    {
        foreach (var kind in new[] { "containers", "initContainers" })
        {
            var compiled = Compile($$$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: web, annotations: {nodemesh.io/netns: web, nodemesh.io/opaque-ports: "3306"}}
                spec:
                  {{{kind}}}: [{name: app, ports: [{name: web, containerPort: 8080}], {{{container}}} }]
                status: {podIP: 10.0.0.1}
                """);

            Assert.Empty(compiled.Problems);
            Assert.Equal(requests, string.Join(", ", compiled.Content.Workloads["default/web"].Probes.Select(probe => $"{probe.Port} {probe.Path}")));
            Assert.Equal(ports, string.Join(", ", compiled.LocalPods["default/web"].Options.Probes.Select(Words)));
        }
    }

    [Fact]
    public void Probes_of_pods_of_other_nodes_are_their_nodes_business()
    {
        var compiled = Compile("""
            apiVersion: v1
            kind: Pod
            metadata: {name: web}
            spec: {nodeName: elsewhere, containers: [{name: app, livenessProbe: {httpGet: {path: /live, port: 8080}}}]}
            status: {podIP: 10.0.0.1}
            """);

        Assert.Empty(compiled.Content.Workloads["default/web"].Probes);
    }

    private static string Words(ProbePort port) => port.IsDirect ? $"{port.Port} direct" : $"{port.Port}";
}
