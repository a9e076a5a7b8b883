using System.Net;

namespace NodeMesh.NodeTests.Kit;

/// <summary>The directory of YAML that the agents of a mesh read.</summary>
public sealed class ResourceDirectory
{
    public ResourceDirectory(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
    }

    public string Path { get; }

    /// <summary>Replaces the file in one step, as an editor or a configuration tool does.</summary>
    public void Write(string name, string yaml)
    {
        File.WriteAllText($"{Path}/.{name}.new", yaml);
        File.Move($"{Path}/.{name}.new", $"{Path}/{name}.yaml", overwrite: true);
    }

    public void Delete(string name) => File.Delete($"{Path}/{name}.yaml");

    /// <param name="app">The label "app", for selectors.</param>
    /// <param name="spec">More of it, indented by two.</param>
    /// <param name="node">Where it is said to run; absent: where it does.</param>
    public void Pod(TestPod pod, bool enrolled = true, string app = "", bool ready = true, string annotations = "", string spec = "", string? node = null) => Write($"pod-{pod.Node.Name}-{pod.Name}", $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{pod.Name}}
          namespace: default
          labels:
            nodemesh.io/mesh: {{(enrolled ? "enabled" : "disabled")}}
            app: {{(app.Length > 0 ? app : pod.Name)}}
          annotations:
            nodemesh.io/netns: {{pod.Netns}}
            {{annotations}}
        spec:
          nodeName: {{node ?? pod.Node.Name}}
        {{spec}}
        status:
          podIPs:
          - ip: {{pod.V4}}
          - ip: {{pod.V6}}
          conditions:
          - type: Ready
            status: "{{(ready ? "True" : "False")}}"
        """);

    public void RemovePod(TestPod pod) => Delete($"pod-{pod.Node.Name}-{pod.Name}");

    /// <param name="ports">Each as Kubernetes has it: "name: http, port: 80, targetPort: 8080".</param>
    public void Service(string name, string app, IPAddress[] clusterIps, params string[] ports) => Write($"service-{name}", $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{name}}
          namespace: default
        spec:
          clusterIP: "{{clusterIps[0]}}"
          clusterIPs: [{{string.Join(", ", clusterIps.Select(address => $"\"{address}\""))}}]
          ipFamilyPolicy: PreferDualStack
          selector:
            app: {{app}}
          ports:
          {{string.Join("\n  ", ports.Select(port => $"- {{ {port} }}"))}}
        """);
}
