using System.Net.Sockets;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Dialing;

/// <summary>A dial for someone who is not on a loop: it connects there and comes back with the bare descriptor.</summary>
internal sealed class DialRequest
{
    private readonly TaskCompletionSource<int> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EventLoop _loop;
    private readonly Dial _dial;

    public DialRequest(EventLoop loop, DialTarget target)
    {
        _loop = loop;
        _dial = new Dial(loop, target, OnChanged);
    }

    public Task<int> Connected => _connected.Task;

    public void Start() => _loop.Post(_dial.Start);

    public void Cancel() => _loop.Post(() =>
    {
        if (_connected.TrySetCanceled())
        {
            _dial.Abandon();
        }
    });

    private void OnChanged()
    {
        if (_connected.Task.IsCompleted)
        {
            return;
        }
        switch (_dial.State)
        {
            case DialState.Connected:
                _connected.SetResult(_dial.TakeSocket().Detach());
                break;
            case DialState.Failed:
                _connected.SetException(Errno.ToException(_dial.Error));
                break;
            case DialState.OutOfSockets:
                _connected.SetException(new SocketException((int)SocketError.TryAgain));
                break;
            case DialState.PodGone:
                _connected.SetCanceled();
                break;
        }
    }
}
