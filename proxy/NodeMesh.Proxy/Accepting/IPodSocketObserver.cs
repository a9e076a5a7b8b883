namespace NodeMesh.Proxy.Accepting;

/// <summary>Follows a <see cref="PodSocket"/> while nobody reads it. Called on the loop's thread; must not block.</summary>
internal interface IPodSocketObserver
{
    /// <param name="isBroken">False: the peer has sent FIN. True: reset, timed out, unreachable.</param>
    void OnPeerEnded(bool isBroken);

    /// <summary>It is closed at this end.</summary>
    void OnClosing();
}
