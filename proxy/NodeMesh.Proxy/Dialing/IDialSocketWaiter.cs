namespace NodeMesh.Proxy.Dialing;

/// <summary>Waits for a socket of a pool that ran dry.</summary>
internal interface IDialSocketWaiter
{
    /// <summary>Takes over the descriptor; null: the pod is gone. Called once, on any thread.</summary>
    void OnSocket(int? socket);
}
