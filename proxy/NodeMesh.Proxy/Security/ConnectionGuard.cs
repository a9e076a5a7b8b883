using System.Collections.Concurrent;
using System.Net;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Security;

/// <summary>Knows the connections into pods of this node and out of the mesh, and has each one checked again when the mesh changes: a policy, a Service's endpoints, or who an address is.</summary>
internal sealed class ConnectionGuard
{
    private readonly ConcurrentDictionary<IGuarded, bool> _connections = new(ReferenceEqualityComparer.Instance);

    public ConnectionGuard(SnapshotStore store, Authorizer authorizer, EgressGuard egress)
    {
        Authorizer = authorizer;
        Egress = egress;
        store.Applied += snapshot =>
        {
            if (snapshot.Access.HasRules || snapshot.Access.HasRouteRules || snapshot.HasEgressRules)
            {
                foreach (var (connection, _) in _connections)
                {
                    connection.Recheck(this);
                }
            }
        };
    }

    public Authorizer Authorizer { get; }

    public EgressGuard Egress { get; }

    /// <summary>Whether policies let a connection that is no HTTP, or not known to be any yet, be dialled.</summary>
    /// <param name="pod">Whose connection it is.</param>
    /// <param name="serverName">As the TLS handshake names it; null: not, or not yet.</param>
    /// <param name="isFinal">Nothing more will be known of it: the answer is counted and logged.</param>
    public bool Allows(LocalPod pod, IPAddress client, in DialTarget target, bool isClusterIp, string? serverName, bool isFinal, TrafficRecord? record = null)
    {
        if (!target.IsInboundLeg)
        {
            return isClusterIp || Egress.Allows(pod.Id, pod.Namespace, target.Endpoint, serverName, isFinal, record);
        }
        return isFinal
            ? Authorizer.AllowsOpaque(client, target.Endpoint, target.Owner.Namespace, record)
            : Authorizer.Foresee(client, target.Endpoint, target.Owner.Namespace, isOpaque: false) != Access.Denied;
    }

    /// <summary>It is checked at once too: the mesh may have changed since it was let in.</summary>
    public void Enter(IGuarded connection)
    {
        _connections[connection] = true;
        connection.Recheck(this);
    }

    public void Leave(IGuarded connection) => _connections.TryRemove(connection, out _);
}
