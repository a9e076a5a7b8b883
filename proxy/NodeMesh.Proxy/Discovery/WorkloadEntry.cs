using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>A pod anywhere in the mesh, as the snapshot has it. Immutable.</summary>
internal sealed record WorkloadEntry(string Id, string Namespace, string Owner, string ServiceAccount, string Version, string Node, string Zone)
{
    public static WorkloadEntry From(Workload workload) => new(
        workload.Id, workload.Namespace, workload.Owner, workload.ServiceAccount, workload.Version, workload.Node, workload.Zone);
}
