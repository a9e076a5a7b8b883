using System.Net.Sockets;

namespace NodeMesh.Proxy.Dialing;

/// <summary>Unconnected sockets of one kind in one pod's namespace, made by the agent in advance.</summary>
internal sealed class DialSocketPool(Action<int> want)
{
    /// <summary>Takes a socket, asking the agent for more before they run out; waits only when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The pod is gone.</exception>
    public ValueTask<Socket> TakeAsync(CancellationToken cancellation) => throw new NotSupportedException(want.ToString());

    public void Add(IEnumerable<SafeSocketHandle> sockets) => throw new NotSupportedException(sockets.ToString());

    public void Close() => throw new NotSupportedException();
}
