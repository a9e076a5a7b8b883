using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>
/// What a downstream is told: gathered in a buffer on loan until it is flushed. A flush is done when the kernel has taken all, so that nobody
/// writes faster than the downstream reads.
/// </summary>
internal sealed class DownstreamWriter(AwaitableSocket socket, DownstreamTransport transport) : PipeWriter
{
    private const int FirstBufferSize = 4096;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _isBroken;
    private volatile bool _isWaiting;
    private int _isCancelled;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _end - _start;

    public override void Advance(int bytes) => _end += bytes;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_end);
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
        if (_start < _end && !_isBroken)
        {
            try
            {
                var sent = socket.TrySend(_buffer.AsSpan(_start, _end - _start));
                _start += sent;
                transport.Received(sent);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                _isBroken = true;
            }
        }
        if (_start == _end || _isBroken)
        {
            GiveBack();
        }
        var isCancelled = Interlocked.Exchange(ref _isCancelled, 0) != 0;
        result = new FlushResult(isCancelled, _isBroken);
        return isCancelled || _start == _end;
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _end >= size)
        {
            return;
        }
        var unsent = _end - _start;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBufferSize, Math.Max(_buffer.Length * 2, unsent + size)));
        _buffer.AsSpan(_start, unsent).CopyTo(larger);
        Return();
        (_buffer, _start, _end) = (larger, 0, unsent);
    }

    private void GiveBack()
    {
        Return();
        _start = _end = 0;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
