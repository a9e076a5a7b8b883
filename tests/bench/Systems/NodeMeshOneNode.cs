using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>Client and server captured, on one node: one traversal.</summary>
internal sealed class NodeMeshOneNode(Workspace workspace, string binaries) : MeasuredSystem("nodemesh")
{
    public const string Node = "bench-1";
    private NodeMeshAgent? _agent;

    public override string Description => "NodeMesh, client and server pod captured on one node; CPU and memory of agent and proxy";

    public override string Address => MeshResources.NearService;

    public override string RoutedAddress => MeshResources.RoutedService;

    /// <summary>A proxy that was built to be compiled as it runs takes its time for it; with native binaries one second would do.</summary>
    public override double WarmUpSeconds => 6;

    public override Pod Client => Topology.CapturedClient;

    public string AccessLogs => _agent!.AccessLogs;

    /// <summary>What the agent's admin port answers.</summary>
    public Task<string> AskAsync(string path, CancellationToken cancelled) => _agent!.AskAsync(path, cancelled);

    public override async Task StartAsync(CancellationToken cancelled)
    {
        Cgroup = new Cgroup(Name);
        _agent = new NodeMeshAgent(Topology.First, Cgroup, workspace, binaries);
        await _agent.StartAsync(Node, MeshResources.Write(workspace, Node, NodeMeshTwoNodes.FarNode), cancelled);
    }

    public override async Task StopAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
            _agent = null;
        }
        await base.StopAsync();
    }
}
