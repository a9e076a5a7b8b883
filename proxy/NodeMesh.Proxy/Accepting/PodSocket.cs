using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Accepting;

/// <summary>
/// A connected socket of a pod's namespace in the hands of code that awaits: it knows its pod, so that it is reset when
/// the sandbox goes, and no longer counted once it is closed, whoever closes it.
/// </summary>
internal sealed class PodSocket : AwaitableSocket, IPodUser
{
    private readonly LocalPod _pod;
    private readonly bool _isAccepted;

    /// <summary>On the loop's thread.</summary>
    /// <param name="isAccepted">It is one of the pod's counted connections, and of its loop's.</param>
    /// <exception cref="OperationCanceledException">The pod is gone; the socket is closed.</exception>
    public PodSocket(LoopSocket socket, LocalPod pod, bool isAccepted)
        : base(socket)
    {
        _pod = pod;
        _isAccepted = isAccepted;
        if (!pod.TryEnter(this))
        {
            Reset();
            throw new OperationCanceledException($"pod {pod.Id} is gone");
        }
    }

    /// <summary>Is told of its ends, on the loop's thread.</summary>
    public IPodSocketObserver? Observer { get; set; }

    public void OnPodGone() => Reset();

    protected override void OnPeerEnded(bool isBroken) => Observer?.OnPeerEnded(isBroken);

    protected override void OnClosing()
    {
        _pod.Leave(this);
        if (_isAccepted)
        {
            _pod.CloseConnection();
            Loop.RemoveLoad();
        }
        Observer?.OnClosing();
    }
}
