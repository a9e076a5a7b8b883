namespace NodeMesh.Proxy.Loops;

/// <summary>Owns sockets on a loop. Called on the loop's thread only.</summary>
internal interface ILoopEvents
{
    /// <summary>The socket's readiness has changed; its flags say how.</summary>
    void OnReady(LoopSocket socket);

    /// <summary>Something of this owner threw. It must let go of its sockets.</summary>
    void OnFault(Exception exception);
}
