using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>
/// Client captured on the first node, server on the second: two traversals. The first node's agent and proxy are those of the
/// column "nodemesh", so that one runs on a machine, as it should; the CPU time is both nodes'.
/// </summary>
internal sealed class NodeMeshTwoNodes(NodeMeshOneNode near, Workspace workspace, string binaries) : MeasuredSystem("nodemesh-2n")
{
    public const string FarNode = "bench-2";
    private NodeMeshAgent? _agent;

    public override string Description => "NodeMesh, client and server pod captured on two nodes: two traversals, CPU of both nodes";

    public override string Address => MeshResources.FarService;

    /// <summary>A proxy that was built to be compiled as it runs takes its time for it; with native binaries one second would do.</summary>
    public override double WarmUpSeconds => 6;

    public override Pod Client => Topology.CapturedClient;

    public override IEnumerable<Cgroup> Cgroups => [.. near.Cgroups, .. base.Cgroups];

    public override bool HasMemoryFigures => false;

    public override async Task StartAsync(CancellationToken cancelled)
    {
        Cgroup = new Cgroup(Name);
        _agent = new NodeMeshAgent(Topology.Second, Cgroup, workspace, binaries);
        await _agent.StartAsync(FarNode, MeshResources.Write(workspace, NodeMeshOneNode.Node, FarNode), cancelled);
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
