using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>Reports to the Kubernetes API: of its own pods each node's agent, of what all nodes know alike the one that is elected.</summary>
internal sealed class KubernetesReports(KubernetesApi api, LeaseOptions lease, string node, TimeProvider time, Random random, ILogger log) : INodeReports
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    private readonly PodReporter _pods = new(api, node, time, log);
    private readonly RouteStatusWriter _routes = new(api, time, log);
    private readonly LeaseElector _elector = new(api, lease, time, random, log);

    public void Publish(NodeReport report)
    {
        _pods.Publish(report);
        _routes.Publish(report.Routes);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var electing = _elector.RunAsync(stop);
        await Task.WhenAll(_pods.RunAsync(stop), _routes.RunAsync(() => _elector.IsHolder, stop));
        using var limit = new CancellationTokenSource(LastWords, time);
        await Task.WhenAll(electing, _pods.WriteAsync(limit.Token));
    }
}
