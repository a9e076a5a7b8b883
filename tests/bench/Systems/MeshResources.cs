using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>The directory of YAML that the agents read: who is enrolled, and the Service in front of each server pod.</summary>
internal static class MeshResources
{
    public const string NearService = "10.96.0.10";
    public const string FarService = "10.96.0.20";
    public const string RoutedService = "10.96.0.30";

    public static string Write(Workspace workspace, string nearNode, string farNode)
    {
        var directory = Directory.CreateDirectory(workspace.PathOf("resources")).FullName;
        File.WriteAllText(Path.Combine(directory, "bench.yaml"), string.Join("---\n",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: bench\n",
            PodYaml("client", Topology.CapturedClient, nearNode),
            PodYaml("server", Topology.CapturedServer, nearNode),
            PodYaml("far-server", Topology.FarServer, farNode),
            ServiceYaml("server", NearService),
            ServiceYaml("server", RoutedService, "routed"),
            RouteYaml,
            ServiceYaml("far-server", FarService)));
        return directory;
    }

    /// <summary>What is told of the requests to the Service "server".</summary>
    /// <param name="spec">Of a TelemetryPolicy, but for its target; null: nothing is.</param>
    public static void WriteTelemetry(Workspace workspace, string name, string? spec)
    {
        var file = Path.Combine(workspace.PathOf("resources"), "telemetry.yaml");
        if (spec is null)
        {
            File.Delete(file);
            return;
        }
        File.WriteAllText(file, $$"""
            {apiVersion: nodemesh.io/v1alpha1, kind: TelemetryPolicy, metadata: {name: {{name}}, namespace: bench}, spec: {targetRefs: [{kind: Service, name: server}], {{spec}} } }
            ---
            {apiVersion: v1, kind: Service, metadata: {name: collector, namespace: bench}, spec: {clusterIP: None, ports: [{name: http, port: 80, targetPort: {{Ports.Http1}} }] } }
            ---
            {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: collector-1, namespace: bench, labels: {kubernetes.io/service-name: collector} }, addressType: IPv4,
             ports: [{name: http, port: {{Ports.Http1}} }], endpoints: [{addresses: [{{Topology.Server.Address}}]}] }
            """);
    }

    private static string PodYaml(string name, Pod pod, string node) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          namespace: bench
          labels: { app: {{name}}, nodemesh.io/mesh: enabled }
          annotations: { nodemesh.io/netns: {{pod.Namespace}} }
        spec:
          nodeName: {{node}}
        status:
          podIP: {{pod.Address}}
          podIPs: [{ ip: {{pod.Address}} }]

        """;

    /// <summary>What a canary looks like: rules that are tried in vain, a header to set, two backends to choose from.</summary>
    private static string RouteYaml =>
        $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: routed
          namespace: bench
        spec:
          parentRefs:
          - { group: "", kind: Service, name: routed, port: {{Ports.Http1}} }
          rules:
          - matches: [{ path: { type: Exact, value: /healthz } }, { path: { type: PathPrefix, value: /api/v2 } }]
            backendRefs: [{ name: server, port: {{Ports.Http1}} }]
          - matches: [{ headers: [{ name: x-version, value: v2 }] }]
            backendRefs: [{ name: server, port: {{Ports.Http1}} }]
          - filters:
            - type: RequestHeaderModifier
              requestHeaderModifier: { set: [{ name: x-route, value: bench }] }
            backendRefs:
            - { name: server, port: {{Ports.Http1}}, weight: 90 }
            - { name: routed, port: {{Ports.Http1}}, weight: 10 }

        """;

    private static string ServiceYaml(string app, string clusterIp, string? name = null) =>
        $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{name ?? app}}
          namespace: bench
        spec:
          clusterIP: {{clusterIp}}
          clusterIPs: [{{clusterIp}}]
          selector: { app: {{app}} }
          ports:
          - { name: http, port: {{Ports.Http1}}, targetPort: {{Ports.Http1}}, protocol: TCP, appProtocol: http }
          - { name: h2c, port: {{Ports.H2c}}, targetPort: {{Ports.H2c}}, protocol: TCP, appProtocol: kubernetes.io/h2c }
          - { name: grpc, port: {{Ports.Grpc}}, targetPort: {{Ports.Grpc}}, protocol: TCP, appProtocol: grpc }
          - { name: echo, port: {{Ports.Echo}}, targetPort: {{Ports.Echo}}, protocol: TCP, appProtocol: tcp }
          - { name: once, port: {{Ports.Once}}, targetPort: {{Ports.Once}}, protocol: TCP, appProtocol: tcp }
          - { name: sink, port: {{Ports.Sink}}, targetPort: {{Ports.Sink}}, protocol: TCP, appProtocol: tcp }

        """;
}
