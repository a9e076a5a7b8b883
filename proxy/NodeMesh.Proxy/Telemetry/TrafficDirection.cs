namespace NodeMesh.Proxy.Telemetry;

/// <summary>How a connection crossed this node. Each one counts once on a node.</summary>
internal enum TrafficDirection
{
    /// <summary>From a captured pod to somewhere that is no captured pod of this node.</summary>
    Outbound,

    /// <summary>From elsewhere to a captured pod.</summary>
    Inbound,

    /// <summary>Between two captured pods of this node, in one traversal.</summary>
    Local,
}
