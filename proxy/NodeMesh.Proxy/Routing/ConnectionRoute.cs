using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Routing;

/// <summary>
/// Who talks to whom, found once per connection from its addresses. The Service port is looked up again by
/// (cluster IP, port) per request, so that a long connection sees new endpoints.
/// </summary>
/// <param name="Source">null: not a pod the mesh knows.</param>
/// <param name="Target">The pod dialled by its own address, or the pod of an inbound connection; null for a cluster IP or an unknown address.</param>
/// <param name="Port">The Service port: of the cluster IP dialled, or one that has the dialled pod address as an endpoint; null when there is none.</param>
/// <param name="IsClusterIp">True: balance over the endpoints of <paramref name="Port"/>. False: to the original destination.</param>
internal sealed record ConnectionRoute(WorkloadEntry? Source, WorkloadEntry? Target, ServicePortEntry? Port, bool IsClusterIp)
{
    /// <summary>What the resources say is spoken on the connection.</summary>
    public required Protocol Declared { get; init; }

    /// <summary>The routes that connections to this port go by as a whole; null: there are none.</summary>
    public RouteTableEntry? ConnectionTable(MeshSnapshot snapshot) =>
        IsClusterIp && Port is not null && snapshot.FindRoutes(Port.Service, Port.Port, Source?.Namespace ?? "") is { IsHttp: false } table ? table : null;

    public static ConnectionRoute For(MeshSnapshot snapshot, Direction direction, IPEndPoint client, IPEndPoint originalDestination)
    {
        var source = snapshot.FindWorkload(client.Address);
        if (direction == Direction.Outbound
            && snapshot.FindClusterIp(originalDestination.Address, originalDestination.Port) is { } port)
        {
            return new ConnectionRoute(source, null, port, IsClusterIp: true) { Declared = port.Protocol };
        }

        // A cluster IP whose port no Service declares goes on to the original destination, as it would without the mesh.
        var target = snapshot.FindWorkload(originalDestination.Address);
        var endpointOf = snapshot.FindByEndpoint(originalDestination.Address, originalDestination.Port);
        return new ConnectionRoute(source, target, endpointOf, IsClusterIp: false)
        {
            Declared = target is not null && target.OpaquePorts.Contains((ushort)originalDestination.Port)
                ? Protocol.Opaque
                : endpointOf?.Protocol ?? Protocol.Unspecified,
        };
    }
}
