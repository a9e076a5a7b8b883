using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NodeMesh.Proxy.Kernel;

namespace NodeMesh.Proxy.Loops;

/// <summary>
/// A connected socket for code that awaits. A call is tried at once, on the caller's thread; where it has to wait, it does so on the loop, and the caller
/// goes on there: no thread is handed anything. One task at a time reads, and one writes; closing it, from any thread, ends what they wait for.
/// </summary>
internal abstract class AwaitableSocket : ILoopEvents, ILoopWork, IDisposable
{
    /// <summary>What <see cref="TryReceive"/> says when there is nothing: wait.</summary>
    public const int Nothing = -1;

    // A task whose socket never runs dry gives the others of its loop a turn after this many.
    private const int ReadsPerTurn = 32;

    // Added to the number of calls under way, which makes it negative.
    private const int ClosedMark = int.MinValue;

    private readonly LoopSocket _socket;
    private readonly Readiness _input = new();
    private readonly Readiness _output = new();
    private int _calls;
    private int _isClosed;
    private int _isLetGo;
    private int _reads;
    private bool _isReset;
    private volatile bool _isPeerClosed;

    /// <param name="socket">This owns it.</param>
    protected AwaitableSocket(LoopSocket socket)
    {
        _socket = socket;
        _isPeerClosed = socket.IsPeerClosed;
    }

    public EventLoop Loop => _socket.Loop;

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>The peer has sent FIN, perhaps behind bytes not read yet.</summary>
    public bool IsPeerClosed => _isPeerClosed;

    /// <summary>Begins. On the loop's thread.</summary>
    /// <returns>0, or errno: it is closed.</returns>
    public int Start()
    {
        var error = _socket.Watch(this);
        if (error != 0)
        {
            Dispose();
        }
        return error;
    }

    /// <summary>What is there now, or comes next.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="SocketException">It was reset.</exception>
    /// <exception cref="ObjectDisposedException">It was closed at this end.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        var count = TryReceive(buffer.Span);
        return count == Nothing ? ReceiveNextAsync(buffer) : ValueTask.FromResult(count);
    }

    /// <summary>Reads without waiting.</summary>
    /// <returns>Bytes read; 0 at the end; <see cref="Nothing"/>.</returns>
    /// <inheritdoc cref="ReceiveAsync"/>
    public unsafe int TryReceive(Span<byte> buffer)
    {
        if (IsOverTurn() || !_input.TryTake())
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return Nothing;
        }
        nint count;
        int error;
        if (!TryBegin())
        {
            _input.PutBack();
            throw Disposed();
        }
        fixed (byte* bytes = buffer)
        {
            do
            {
                count = LibC.recv(_socket.Descriptor, bytes, buffer.Length, 0);
                error = count < 0 ? LibC.LastError : 0;
            }
            while (error == Errno.Interrupted);
        }
        Done();
        if (error == Errno.Again)
        {
            return Nothing;
        }
        // A short read has emptied the queue (epoll(7), question 9), and what comes later makes a new edge; but FIN behind the bytes has made its own.
        if (count == buffer.Length || count <= 0 || _isPeerClosed)
        {
            _input.PutBack();
        }
        return error == 0 ? (int)count : throw Errno.ToException(error);
    }

    /// <summary>A read is worth a try.</summary>
    public bool MayReceive => _input.IsReady || IsClosed;

    /// <summary>Completes when a read is worth a try.</summary>
    public ValueTask WaitToReceiveAsync() => _input.WaitAsync();

    /// <summary>Sends all of it.</summary>
    /// <exception cref="SocketException">The other side takes no more.</exception>
    /// <exception cref="ObjectDisposedException">It was closed at this end.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var sent = TrySend(bytes.Span);
        return sent == bytes.Length ? ValueTask.CompletedTask : SendRestAsync(bytes[sent..]);
    }

    /// <summary>Sends what the kernel has room for. If that is not all, there is <see cref="WaitToSendAsync"/>.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public int TrySend(ReadOnlySpan<byte> bytes)
    {
        var sent = Send(bytes);
        if (sent < bytes.Length)
        {
            // Room that comes from here on is signalled; what came before is used.
            _output.TryTake();
            sent += Send(bytes[sent..]);
        }
        return sent;
    }

    public ValueTask WaitToSendAsync() => _output.WaitAsync();

    /// <summary>Nothing has come, not even an end: for one that is kept for later.</summary>
    public unsafe bool IsQuiet()
    {
        if (!TryBegin())
        {
            return false;
        }
        byte one;
        var isQuiet = LibC.recv(_socket.Descriptor, &one, 1, LibC.MsgPeek | LibC.MsgDontWait) < 0 && LibC.LastError == Errno.Again;
        Done();
        return isQuiet;
    }

    /// <summary>As <see cref="IsQuiet"/>, by the task that reads: if so, waiting to receive is waiting for what comes next.</summary>
    public bool IsDry()
    {
        _input.TryTake();
        if (IsQuiet())
        {
            return true;
        }
        _input.PutBack();
        return false;
    }

    /// <summary>Sends FIN behind everything sent.</summary>
    public void ShutdownWrite()
    {
        if (TryBegin())
        {
            LibC.shutdown(_socket.Descriptor, LibC.ShutWrite);
            Done();
        }
    }

    /// <summary>Asks the other side's kernel whether it is there when nothing has been said for so long, and again as often.</summary>
    public void KeepAliveAfter(int seconds)
    {
        if (TryBegin())
        {
            LibC.Set(_socket.Descriptor, LibC.IpProtoTcp, LibC.TcpKeepIdle, seconds);
            LibC.Set(_socket.Descriptor, LibC.IpProtoTcp, LibC.TcpKeepInterval, seconds);
            Done();
        }
    }

    /// <summary>Has whoever waits look again. Any thread.</summary>
    public void Nudge() => Loop.Post(() =>
    {
        _output.Signal();
        _input.Signal();
    });

    /// <summary>Closes it at once; the other side sees a reset.</summary>
    public void Reset() => Close(isReset: true);

    public void Dispose() => Close(isReset: false);

    void ILoopEvents.OnReady(LoopSocket socket)
    {
        var (isReadable, isWritable) = (socket.IsReadable, socket.IsWritable);
        socket.IsReadable = socket.IsWritable = false;
        var isNewEnd = socket.IsPeerClosed && !_isPeerClosed;
        _isPeerClosed = socket.IsPeerClosed;
        if (socket.IsBroken || isNewEnd)
        {
            OnPeerEnded(socket.IsBroken);
        }
        if (isWritable)
        {
            _output.Signal();
        }
        if (isReadable)
        {
            _input.Signal();
        }
    }

    void ILoopEvents.OnFault(Exception exception) => Reset();

    void ILoopWork.Continue()
    {
        _input.Signal();
        if (IsClosed)
        {
            _output.Signal();
        }
    }

    void ILoopWork.OnFault(Exception exception) => Reset();

    /// <summary>The peer has sent FIN, or the connection is broken. On the loop's thread.</summary>
    protected virtual void OnPeerEnded(bool isBroken)
    {
    }

    /// <summary>It is closed at this end, and the other is just about to hear of it. On the loop's thread, once.</summary>
    protected virtual void OnClosing()
    {
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveNextAsync(Memory<byte> buffer)
    {
        int count;
        do
        {
            await _input.WaitAsync();
            count = TryReceive(buffer.Span);
        }
        while (count == Nothing);
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            await _output.WaitAsync();
            bytes = bytes[TrySend(bytes.Span)..];
        }
    }

    private unsafe int Send(ReadOnlySpan<byte> bytes)
    {
        nint count;
        int error;
        if (!TryBegin())
        {
            throw Disposed();
        }
        fixed (byte* first = bytes)
        {
            do
            {
                count = LibC.send(_socket.Descriptor, first, bytes.Length, LibC.MsgNoSignal);
                error = count < 0 ? LibC.LastError : 0;
            }
            while (error == Errno.Interrupted);
        }
        Done();
        return error switch
        {
            0 => (int)count,
            Errno.Again => 0,
            _ => throw Errno.ToException(error),
        };
    }

    // On a loop only: elsewhere nobody waits for this thread.
    private bool IsOverTurn()
    {
        if (++_reads < ReadsPerTurn)
        {
            return false;
        }
        _reads = 0;
        if (!Loop.IsCurrent || !_input.TryTake())
        {
            return false;
        }
        Loop.Again(this);
        return true;
    }

    private static ObjectDisposedException Disposed() => new(nameof(AwaitableSocket));

    // The descriptor is not closed, and so not another connection's, while a call uses it.
    private bool TryBegin()
    {
        if (Interlocked.Increment(ref _calls) > 0)
        {
            return true;
        }
        Done();
        return false;
    }

    private void Done()
    {
        if (Interlocked.Decrement(ref _calls) == ClosedMark)
        {
            LetGo();
        }
    }

    private void Close(bool isReset)
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _isReset = isReset;
            if (Interlocked.Add(ref _calls, ClosedMark) == ClosedMark)
            {
                LetGo();
            }
        }
    }

    private void LetGo()
    {
        if (Interlocked.Exchange(ref _isLetGo, 1) == 0)
        {
            if (Loop.IsCurrent)
            {
                LetGoHere();
            }
            else
            {
                Loop.Post(LetGoHere);
            }
        }
    }

    private void LetGoHere()
    {
        OnClosing();
        if (_isReset)
        {
            _socket.Reset();
        }
        else
        {
            _socket.Close();
        }
        Loop.Again(this); // whoever waits finds it closed, but not while others are in the middle of something
    }
}
