using System.Net;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Decides where the requests of one connection go. Requests of one HTTP/2 connection may ask at the same time.</summary>
internal sealed class RequestRouter(SnapshotStore store, LoadBalancer balancer, ConnectionRoute route, IPEndPoint originalDestination)
{
    private sealed record Resolved(MeshSnapshot Snapshot, ServicePortEntry? Port);

    // The Service port as the snapshot in force has it, looked up once per snapshot. One reference, so that threads see both or neither.
    private Resolved? _resolved;

    public RequestDecision Decide(in RequestHead head)
    {
        _ = head; // Until there are HTTPRoutes, every request of a connection has the same choice.
        if (!route.IsClusterIp)
        {
            return RequestDecision.ToOriginalDestination(originalDestination);
        }

        var snapshot = store.Current;
        var resolved = _resolved;
        if (resolved is null || !ReferenceEquals(resolved.Snapshot, snapshot))
        {
            _resolved = resolved = new Resolved(snapshot, snapshot.FindClusterIp(originalDestination.Address, originalDestination.Port));
        }
        return resolved.Port is not null && balancer.Pick(resolved.Port, originalDestination.AddressFamily) is { } endpoint
            ? RequestDecision.To(endpoint)
            : RequestDecision.Refuse(Reason.NoEndpoints);
    }
}
