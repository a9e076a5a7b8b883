namespace NodeMesh.Agent.Serving;

/// <summary>What the socket channel tells the control loop. Called on the channel's threads.</summary>
internal interface IProxyEvents
{
    /// <summary>A proxy has said Hello: it is to be sent Welcome and every pod.</summary>
    void Connected(ProxyLink link);

    void PodDrained(ProxyLink link, ulong netns);

    void Disconnected(ProxyLink link);
}
