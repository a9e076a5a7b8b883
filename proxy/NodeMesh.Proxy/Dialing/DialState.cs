namespace NodeMesh.Proxy.Dialing;

internal enum DialState
{
    /// <summary>Waits for a socket from the agent, or for the peer's answer.</summary>
    UnderWay,

    Connected,

    /// <summary>The peer or the network said no: see <see cref="Dial.Error"/>.</summary>
    Failed,

    /// <summary>The agent sent no socket in time.</summary>
    OutOfSockets,

    /// <summary>The pod whose socket it needs is gone.</summary>
    PodGone,
}
