using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>What a downstream says, as Kestrel reads it: in one piece, in a buffer on loan for as long as there is something in it.</summary>
internal sealed class DownstreamReader(AwaitableSocket socket, DownstreamTransport transport) : PipeReader
{
    private const int FirstBufferSize = 4096;
    private const int BulkBufferSize = 32 * 1024;

    private LoanBuffer _buffer;
    private int _examined;
    private ReadOnlySequence<byte> _given;
    private bool _isBulk;
    private bool _hasEnded;
    private int _isCancelled;
    private long _movedAtRest = -1;

    /// <summary>Its last read was cancelled with nothing there, and nothing has passed either way since: Kestrel would have written, had it been in the middle of a request.</summary>
    public bool IsAtRest => _movedAtRest == transport.Moved;

    private bool HasNews => _hasEnded || _buffer.Length > _examined;

    public override bool TryRead(out ReadResult result)
    {
        var isCancelled = Interlocked.Exchange(ref _isCancelled, 0) != 0;
        if (!isCancelled && !HasNews && !TryFill())
        {
            result = default;
            return false;
        }
        if (isCancelled)
        {
            _movedAtRest = HasNews || _buffer.Length > 0 ? -1 : transport.Moved;
        }
        result = Given(isCancelled);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => TryRead(out var result) ? ValueTask.FromResult(result) : WaitAsync();

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = (int)_given.Slice(0, consumed).Length;
        _examined = (int)_given.Slice(0, examined).Length - taken;
        _buffer.Take(taken);
        _given = default;
        GiveBackIfEmpty();
    }

    /// <summary>Any thread.</summary>
    public override void CancelPendingRead()
    {
        Volatile.Write(ref _isCancelled, 1);
        socket.Nudge();
    }

    public override void Complete(Exception? exception = null)
    {
        // What is on loan stays so: somebody may be reading into it at this moment.
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync()
    {
        ReadResult result;
        do
        {
            await socket.WaitToReceiveAsync();
        }
        while (!TryRead(out result));
        return result;
    }

    private ReadResult Given(bool isCancelled)
    {
        _given = new ReadOnlySequence<byte>(_buffer.Memory);
        return new ReadResult(_given, isCancelled, _hasEnded);
    }

    // False: there is nothing.
    private bool TryFill()
    {
        if (!socket.MayReceive)
        {
            return false;
        }
        _buffer.MakeRoom(_isBulk ? BulkBufferSize : FirstBufferSize);
        int read;
        try
        {
            read = socket.TryReceive(_buffer.Free);
        }
        catch (SocketException exception)
        {
            throw new ConnectionResetException(exception.Message, exception);
        }
        catch (ObjectDisposedException exception)
        {
            throw new ConnectionAbortedException("The proxy has closed the connection.", exception);
        }
        if (read > 0)
        {
            _buffer.Add(read);
            _isBulk = _buffer.Room == 0;
            transport.Sent(read);
            return true;
        }
        GiveBackIfEmpty();
        return _hasEnded = read == 0;
    }

    private void GiveBackIfEmpty()
    {
        if (_buffer.Length == 0)
        {
            _buffer.GiveBack();
        }
    }
}
