using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>Reports to the Kubernetes API: of its own pods each node's agent, of what all nodes know alike the one that is elected.</summary>
internal sealed class KubernetesReports(KubernetesApi api, LeaseOptions lease, string node, TimeProvider time, Random random, ILogger log) : INodeReports
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    private readonly PodReporter _pods = new(api, new ObjectEvents(api, node, time), node, time, log);
    private readonly StatusWriter _statuses = new(api, time, random, log);
    private readonly MeshWriter _meshes = new(api, time, log);
    private readonly RolloutStatusWriter _rollouts = new(api, new ObjectEvents(api, node, time), time, random, log);
    private readonly LeaseElector _elector = new(api, lease, time, random, log);

    public bool IsElected => _elector.IsHolder;

    public IReadOnlyList<IPEndPoint> Peers(ResourceSet resources, int adminPort) =>
    [
        .. from pod in resources.Pods.Values
           where pod.Spec.HostNetwork && pod.Metadata.Namespace == api.Namespace && pod.Spec.NodeName != node
               && pod.Metadata.Labels.GetValueOrDefault(MeshLabels.AppName) == MeshLabels.AppNameOfAgents
           let address = pod.Status.PodIPs.Count > 0 ? pod.Status.PodIPs[0].Ip : pod.Status.PodIP
           where IPAddress.TryParse(address, out _)
           select new IPEndPoint(IPAddress.Parse(address!), adminPort),
    ];

    public void Publish(IReadOnlyList<(CompiledRollout Rollout, RolloutStatus? Status)> rollouts) => _rollouts.Publish(rollouts);

    public void Publish(NodeReport report)
    {
        _pods.Publish(report);
        _statuses.Publish(report.Routes, report.Policies);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var electing = _elector.RunAsync(stop);
        await Task.WhenAll(
            _pods.RunAsync(stop), _statuses.RunAsync(() => _elector.IsHolder, stop), _meshes.RunAsync(() => _elector.IsHolder, stop),
            _rollouts.RunAsync(() => _elector.IsHolder, stop));
        using var limit = new CancellationTokenSource(LastWords, time);
        await Task.WhenAll(electing, _pods.WriteAsync(limit.Token));
    }
}
