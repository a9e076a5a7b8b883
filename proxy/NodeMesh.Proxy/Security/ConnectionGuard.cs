using System.Collections.Concurrent;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Security;

/// <summary>Knows the connections into pods of this node, and has each one checked again when the mesh changes: a policy, a Service's endpoints, or who an address is.</summary>
internal sealed class ConnectionGuard
{
    private readonly ConcurrentDictionary<IGuarded, bool> _connections = new(ReferenceEqualityComparer.Instance);

    public ConnectionGuard(SnapshotStore store, Authorizer authorizer, EgressGuard egress)
    {
        Authorizer = authorizer;
        Egress = egress;
        store.Applied += snapshot =>
        {
            if (snapshot.Access.HasRules)
            {
                foreach (var (connection, _) in _connections)
                {
                    connection.Recheck(authorizer);
                }
            }
        };
    }

    public Authorizer Authorizer { get; }

    public EgressGuard Egress { get; }

    /// <summary>It is checked at once too: the mesh may have changed since it was let in.</summary>
    public void Enter(IGuarded connection)
    {
        _connections[connection] = true;
        connection.Recheck(Authorizer);
    }

    public void Leave(IGuarded connection) => _connections.TryRemove(connection, out _);
}
