using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// One connection to an upstream that speaks HTTP/1.x, with a request on it or kept for the next. One task reads it, and at most one writes.
/// Its buffers are on loan from a pool for as long as a request is under way.
/// </summary>
internal sealed class Http1Connection : IDisposable
{
    private const int FirstBufferSize = 4096;
    private const int BulkBufferSize = 32 * 1024;
    private const int WriteBufferSize = 64 * 1024;

    // Of _ending.
    private const int RequestSent = 1;
    private const int NoMoreToCome = 2;

    private readonly PodSocket _socket;
    private readonly SslStream? _tls;
    private int _isClosed;
    private LoanBuffer _read;
    private LoanBuffer _write;
    private bool _isBulk;
    private int _ending;

    /// <param name="tls">What is spoken on the socket; null: plain HTTP.</param>
    public Http1Connection(PodSocket socket, Http1Pool pool, SslStream? tls = null)
    {
        _socket = socket;
        _tls = tls;
        Pool = pool;
        Body = new RequestBodySender(this);
    }

    public Http1Pool Pool { get; }

    public ResponseHead Head { get; } = new();

    public FieldList Trailers { get; } = new();

    public RequestBodySender Body { get; }

    /// <summary>It has carried a request before: the server may be closing it at this moment.</summary>
    public bool IsReused { get; set; }

    /// <summary>When it was put by, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether a byte has come since the request began.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>What was read and is not consumed.</summary>
    public ReadOnlySpan<byte> Unread => _read.Span;

    public ReadOnlyMemory<byte> UnreadMemory => _read.Memory;

    public int WriteSpace => WriteBufferSize - _write.Length;

    /// <summary>False when the server has closed it, or said something that nobody asked.</summary>
    public bool IsStillQuiet() => _socket.IsQuiet();

    public void Begin()
    {
        HasAnswered = _isBulk = false;
        _ending = 0;
        Head.Reset();
        Trailers.Clear();
        _write.Move(FirstBufferSize);
    }

    /// <summary>Gives the buffers back. Nobody reads or writes any more.</summary>
    public void End()
    {
        _read.GiveBack();
        _write.GiveBack();
    }

    /// <summary>Reads more behind what is there.</summary>
    /// <returns>False at the end of the connection.</returns>
    /// <exception cref="SocketException">It was reset.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync()
    {
        if (_isBulk && _read.Length == 0 && _read.Capacity < BulkBufferSize)
        {
            _read.Move(BulkBufferSize);
        }
        _read.MakeRoom(_isBulk ? BulkBufferSize : FirstBufferSize);
        var count = _tls is null ? await _socket.ReceiveAsync(_read.FreeMemory) : await ReceiveAsync(_tls, _read.FreeMemory);
        _read.Add(count);
        _isBulk = _read.Room == 0;
        HasAnswered |= count > 0;
        return count > 0;
    }

    public Stream OpenStream() => _tls is null ? new AwaitableStream(_socket) : _tls;

    public void Consume(int count) => _read.Take(count);

    /// <summary>Room of at least this many bytes in the buffer of what is to be sent.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_write.Room < count)
        {
            _write.Move(Math.Max(_write.Capacity * 2, _write.Length + count));
        }
        return _write.Free;
    }

    public void Wrote(int count) => _write.Add(count);

    /// <summary>Sends all that was written.</summary>
    /// <exception cref="SocketException">The upstream takes no more.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync()
    {
        await (_tls is null ? _socket.SendAsync(_write.Memory) : SendAsync(_tls, _write.Memory));
        _write.Take(_write.Length);
    }

    /// <summary>TLS can't, or rather: to many servers its end is that of both ways.</summary>
    public bool CanEndOneWay => _tls is null;

    /// <summary>All of the request has been sent.</summary>
    public void RequestIsSent() => End(RequestSent);

    /// <summary>Shuts this side for writing behind the request, as the downstream did, where it can. From any thread.</summary>
    public void EndAfterRequest() => End(NoMoreToCome);

    /// <summary>Ends whatever is under way on it, from any thread: its tasks fail, and then give back what they hold.</summary>
    public void Abort()
    {
        _socket.Dispose();
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            Pool.Closed();
        }
    }

    private void End(int part)
    {
        if ((Interlocked.Or(ref _ending, part) | part) == (RequestSent | NoMoreToCome) && CanEndOneWay)
        {
            _socket.ShutdownWrite();
        }
    }

    // Whoever reads and writes knows what a socket throws; a stream wraps it.
    private static async ValueTask<int> ReceiveAsync(SslStream stream, Memory<byte> buffer)
    {
        try
        {
            return await stream.ReadAsync(buffer);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or InvalidOperationException and not ObjectDisposedException)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    private static async ValueTask SendAsync(SslStream stream, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or InvalidOperationException and not ObjectDisposedException)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }
}
