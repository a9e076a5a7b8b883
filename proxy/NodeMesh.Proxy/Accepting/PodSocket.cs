using System.Net.Sockets;

namespace NodeMesh.Proxy.Accepting;

/// <summary>
/// A connected socket of a pod's namespace in the hands of the HTTP engine: it knows its pod, so that it is reset when
/// the sandbox goes, and no longer counted once it is closed, whoever closes it.
/// </summary>
internal sealed class PodSocket : Socket, IPodUser
{
    private readonly LocalPod _pod;
    private readonly bool _isAccepted;
    private int _isClosed;

    /// <param name="isAccepted">It is one of the pod's counted connections.</param>
    /// <exception cref="OperationCanceledException">The pod is gone.</exception>
    public PodSocket(int descriptor, LocalPod pod, bool isAccepted)
        : base(new SafeSocketHandle(descriptor, ownsHandle: true))
    {
        _pod = pod;
        _isAccepted = isAccepted;
        if (!pod.TryEnter(this))
        {
            Dispose();
            throw new OperationCanceledException($"pod {pod.Id} is gone");
        }
    }

    public void OnPodGone() => Reset();

    /// <summary>Closes it at once; the other side sees a reset.</summary>
    public void Reset()
    {
        try
        {
            LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Closed at the same moment.
        }
        Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (_pod is not null && Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _pod.Leave(this);
            if (_isAccepted)
            {
                _pod.CloseConnection();
            }
        }
    }
}
