using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>One way in which the kubelet asks a pod whether it is well: a probe, or a lifecycle handler.</summary>
/// <param name="Path">Of the request; null: there is none, or TLS hides it.</param>
internal sealed record PodProbe(ushort Port, string? Path)
{
    private const string GrpcHealthCheck = "/grpc.health.v1.Health/Check";

    /// <summary>Those that go to the pod's own addresses.</summary>
    public static IReadOnlyList<PodProbe> Of(PodSpec pod)
    {
        var probes = new List<PodProbe>();
        foreach (var container in pod.Containers.Concat(pod.InitContainers))
        {
            foreach (var probe in new[] { container.StartupProbe, container.ReadinessProbe, container.LivenessProbe, container.Lifecycle?.PostStart, container.Lifecycle?.PreStop })
            {
                if (probe is not null && Read(container, probe) is { } read && !probes.Contains(read))
                {
                    probes.Add(read);
                }
            }
        }
        return probes;
    }

    /// <param name="isOpaque">Whether the mesh is told to see no requests on a port.</param>
    public static IReadOnlyList<ProbePort> Ports(IReadOnlyList<PodProbe> probes, Func<ushort, bool> isOpaque) =>
        [.. probes.GroupBy(probe => probe.Port).Select(port => new ProbePort(port.Key, isOpaque(port.Key) || port.Any(probe => probe.Path is null)))];

    private static PodProbe? Read(Container container, Probe probe) => probe switch
    {
        { HttpGet: { Host: "" } get } when PortOf(container, get.Port) is { } port => new PodProbe(port, get.Scheme == "HTTPS" ? null : PathOf(get.Path)),
        { TcpSocket: { Host: "" } tcp } when PortOf(container, tcp.Port) is { } port => new PodProbe(port, null),
        { Grpc: { Port: > 0 and <= ushort.MaxValue } grpc } => new PodProbe((ushort)grpc.Port, GrpcHealthCheck),
        _ => null,
    };

    // As the kubelet makes a URL of it: what stands behind a question mark is a query.
    private static string PathOf(string path)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        var alone = query < 0 ? path : path[..query];
        return alone.StartsWith('/') ? alone : $"/{alone}";
    }

    private static ushort? PortOf(Container container, IntOrString? port) => port switch
    {
        { Name: { } name } => container.Ports.FirstOrDefault(candidate => candidate.Name == name) is { Port: > 0 and <= ushort.MaxValue } named ? (ushort)named.Port : null,
        { Number: > 0 and <= ushort.MaxValue } numbered => (ushort)numbered.Number,
        _ => null,
    };
}
