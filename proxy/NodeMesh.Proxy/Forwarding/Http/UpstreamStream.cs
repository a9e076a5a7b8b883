using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>A connection in the hands of a handler, which does not say when it closes it: its Service port's count is told so.</summary>
/// <param name="counted">null: it is counted nowhere, or elsewhere.</param>
internal sealed class UpstreamStream(PodSocket socket, UpstreamConnections? counted) : AwaitableStream(socket)
{
    private int _isClosed;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            counted?.Closed();
        }
    }
}
