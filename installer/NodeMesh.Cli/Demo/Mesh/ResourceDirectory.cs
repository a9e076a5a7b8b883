using NodeMesh.Cli.Demo.Network;

namespace NodeMesh.Cli.Demo.Mesh;

/// <summary>The directory of Kubernetes-style YAML that the agent watches.</summary>
internal sealed class ResourceDirectory
{
    private readonly string _path;

    private ResourceDirectory(string path) => _path = path;

    public string PodFile(DemoPod pod) => Path.Combine(_path, $"{pod.Name}.yaml");

    public string ServiceFile(DemoService service) => Path.Combine(_path, $"service-{service.Name}.yaml");

    private string PolicyFile => Path.Combine(_path, "policy-web.yaml");

    public string RolloutFile => Path.Combine(_path, "rollout-web.yaml");

    /// <summary>Writes the shop: its namespace, Services and pods, none enrolled, and the route by which version 1 of web gets everything.</summary>
    public static ResourceDirectory Create(string path, DemoCast cast)
    {
        var resources = new ResourceDirectory(path);
        Directory.CreateDirectory(path);
        Write(Path.Combine(path, "namespace.yaml"), $"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {DemoCast.Namespace}

            """);
        foreach (var service in cast.Services)
        {
            resources.Declare(service);
        }
        foreach (var pod in cast.Pods)
        {
            Write(resources.PodFile(pod), Pod(pod, enrolled: false));
        }
        resources.RouteTo(DemoCast.Stable);
        return resources;
    }

    public void Declare(DemoService service) => Write(ServiceFile(service), Service(service));

    /// <summary>By default all requests to web go to this Service.</summary>
    public void RouteTo(string service) => Write(Path.Combine(_path, "route-web.yaml"), Route(service));

    /// <summary>Denies the frontend the pods of web.</summary>
    public void Deny() => Write(PolicyFile, $$"""
        apiVersion: nodemesh.io/v1alpha1
        kind: AuthorizationPolicy
        metadata:
          name: no-frontend
          namespace: {{DemoCast.Namespace}}
        spec:
          targetRefs:
          - kind: Service
            name: {{DemoCast.Web}}
          action: Deny
          rules:
          - from:
            - workloads: [frontend]

        """);

    public void Allow() => File.Delete(PolicyFile);

    /// <summary>Takes a pod into the mesh: by one label, as `kubectl label pod` would.</summary>
    public void Enrol(DemoPod pod) => Write(PodFile(pod), Pod(pod, enrolled: true));

    /// <summary>Has version 2 of web let in, by steps held for so many seconds each.</summary>
    public void Roll(int seconds) => Write(RolloutFile, $"""
        apiVersion: nodemesh.io/v1alpha1
        kind: Rollout
        metadata:
          name: {DemoCast.Web}
          namespace: {DemoCast.Namespace}
        spec:
          targetRef:
            group: gateway.networking.k8s.io
            kind: HTTPRoute
            name: {DemoCast.Web}
          stable:
            name: {DemoCast.Stable}
            port: 80
          canary:
            name: {DemoCast.Canary}
            port: 80
          steps:
          - weight: 10
            hold: {seconds}s
          - weight: 25
            hold: {seconds}s
          - weight: 50
            hold: {seconds}s
          analysis:
            interval: 1s
            minRequests: 5

        """);

    private static string Route(string service) => $"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: {DemoCast.Web}
          namespace: {DemoCast.Namespace}
        spec:
          parentRefs:
          - group: ""
            kind: Service
            name: {DemoCast.Web}
            port: 80
          rules:
          - backendRefs:
            - name: {service}
              port: 80

        """;

    private static string Service(DemoService service) => $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {service.Name}
          namespace: {DemoCast.Namespace}
        spec:
          clusterIP: {service.ClusterIp}
          selector:
            app: {service.App}{(service.Version.Length == 0 ? "" : $"\n    version: {service.Version}")}
          ports:
          - name: main
            port: {service.Port}
            targetPort: {(service.TargetPort == 0 ? service.Port : service.TargetPort)}
            appProtocol: {service.AppProtocol}

        """;

    private static string Pod(DemoPod pod, bool enrolled) => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {pod.Name}
          namespace: {DemoCast.Namespace}
          labels:
            app: {pod.App}
            version: {pod.Version}
            nodemesh.io/mesh: {(enrolled ? "enabled" : "disabled")}
          annotations:
            nodemesh.io/netns: {pod.Netns}
        spec:
          nodeName: demo
        status:
          phase: Running
          conditions:
          - type: Ready
            status: "True"
          podIPs:
          - ip: {pod.Address}

        """;

    // By rename: the agent sees the old file or the new one, never half of one.
    private static void Write(string file, string yaml)
    {
        File.WriteAllText(file + ".new", yaml);
        File.Move(file + ".new", file, overwrite: true);
    }
}
