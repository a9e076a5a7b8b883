namespace NodeMesh.Proxy.Accepting;

/// <summary>Seen from the pod whose listener accepted the connection.</summary>
internal enum Direction
{
    /// <summary>The pod opened it.</summary>
    Outbound,

    /// <summary>Somebody outside this node's mesh opened it to the pod.</summary>
    Inbound,
}
