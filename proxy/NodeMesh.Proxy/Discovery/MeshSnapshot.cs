using System.Net;

namespace NodeMesh.Proxy.Discovery;

/// <summary>The mesh as the agent last compiled it. Immutable, replaced whole; a reader takes <see cref="SnapshotStore.Current"/> once per decision.</summary>
internal sealed class MeshSnapshot
{
    public ulong Version => 0;

    public WorkloadEntry? FindWorkload(IPAddress address) => throw new NotSupportedException($"{Version} {address}");

    /// <summary>The Service port behind a cluster IP; null when the address is none, or the port is not declared.</summary>
    public ServicePortEntry? FindClusterIp(IPAddress address, int port) => throw new NotSupportedException($"{Version} {address} {port}");

    /// <summary>A Service port that has this address as an endpoint (ready or not); the first by name when there are several.</summary>
    public ServicePortEntry? FindByEndpoint(IPAddress address, int port) => throw new NotSupportedException($"{Version} {address} {port}");
}
