namespace NodeMesh.Bench.Machines;

/// <summary>A network namespace that plays a machine: a bridge for its pods and a link to the other machine.</summary>
internal sealed record Machine(string Namespace, string BridgeAddress, string UplinkAddress)
{
    public string Subnet => BridgeAddress[..BridgeAddress.LastIndexOf('.')] + ".0/24";
}
