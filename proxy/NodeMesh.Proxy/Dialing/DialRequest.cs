using System.Net.Sockets;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Dialing;

/// <summary>A dial for someone who awaits it, and goes on where it is done: on the loop.</summary>
internal sealed class DialRequest
{
    private readonly TaskCompletionSource<PodSocket> _connected = new();
    private readonly EventLoop _loop;
    private readonly Dial _dial;

    public DialRequest(EventLoop loop, DialTarget target)
    {
        _loop = loop;
        _dial = new Dial(loop, target, OnChanged);
    }

    /// <summary>Its continuation runs on the loop.</summary>
    public Task<PodSocket> Connected => _connected.Task;

    public void Start()
    {
        if (_loop.IsCurrent)
        {
            _dial.Start();
        }
        else
        {
            _loop.Post(_dial.Start);
        }
    }

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
                Connect();
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

    private void Connect()
    {
        PodSocket socket;
        try
        {
            socket = new PodSocket(_dial.TakeSocket(), _dial.Target.Owner, isAccepted: false);
        }
        catch (OperationCanceledException)
        {
            _connected.SetCanceled();
            return;
        }
        if (socket.Start() is var error and not 0)
        {
            _connected.SetException(Errno.ToException(error));
            return;
        }
        _connected.SetResult(socket);
    }
}
