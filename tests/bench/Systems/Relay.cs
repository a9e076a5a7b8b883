using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>The C epoll relay: what copying bytes costs at least, as long as they are copied in user space.</summary>
internal sealed class Relay(Workspace workspace) : Peer("relay", Topology.RelayAddress, workspace)
{
    public override string Description => "peers/relay.c: a C epoll relay that only copies bytes, those of HTTP too";

    protected override string Program => Workspace.Relay;

    protected override IReadOnlyList<string> Arguments() =>
        [$"{Environment.ProcessorCount}", Address, Topology.Server.Address, .. Ports.All.Select(p => $"{p}")];
}
