using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>Nothing in between: client pod, bridge, server pod.</summary>
internal sealed class Direct() : MeasuredSystem("direct")
{
    public override string Description => "client pod - bridge - server pod, nothing in between";

    public override string Address => Topology.Server.Address;

    public override bool HasMemoryFigures => false;
}
