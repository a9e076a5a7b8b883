using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>
/// What an HTTP/1.x downstream is told: gathered in a buffer on loan until it is flushed. A flush is done when the kernel has taken all, so that nobody
/// writes faster than the downstream reads.
/// </summary>
internal sealed class DownstreamWriter(AwaitableSocket socket, DownstreamTransport transport) : PipeWriter
{
    private const int FirstBufferSize = 4096;

    private LoanBuffer _buffer;
    private bool _isBroken;
    private volatile bool _isWaiting;
    private int _isCancelled;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _buffer.Length;

    public override void Advance(int bytes) => _buffer.Add(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.FreeMemory;
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.Free;
    }

    /// <returns>Completed: the downstream takes no more.</returns>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => TryFlush(out var result) ? ValueTask.FromResult(result) : WaitAsync();

    /// <summary>Any thread.</summary>
    public override void CancelPendingFlush()
    {
        Volatile.Write(ref _isCancelled, 1);
        socket.Nudge();
    }

    public override void Complete(Exception? exception = null)
    {
        // What is on loan stays so: somebody may be sending it at this moment.
    }

    /// <summary>Sends what nobody has flushed, unless somebody is about to.</summary>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (!_isWaiting && UnflushedBytes > 0)
        {
            await FlushAsync();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAsync()
    {
        FlushResult result;
        _isWaiting = true;
        do
        {
            await socket.WaitToSendAsync();
        }
        while (!TryFlush(out result));
        _isWaiting = false;
        return result;
    }

    // False: the kernel has no room.
    private bool TryFlush(out FlushResult result)
    {
        if (_buffer.Length > 0 && !_isBroken)
        {
            try
            {
                var sent = socket.TrySend(_buffer.Span);
                _buffer.Take(sent);
                transport.Received(sent);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                _isBroken = true;
            }
        }
        if (_buffer.Length == 0 || _isBroken)
        {
            _buffer.GiveBack();
        }
        var isCancelled = Interlocked.Exchange(ref _isCancelled, 0) != 0;
        result = new FlushResult(isCancelled, _isBroken);
        return isCancelled || _buffer.Length == 0;
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Room < size)
        {
            _buffer.Move(Math.Max(FirstBufferSize, Math.Max(_buffer.Capacity * 2, _buffer.Length + size)));
        }
    }
}
