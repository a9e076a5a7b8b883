using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>
/// A downstream's connection as Kestrel sees it, on the event loop that accepted it. One of HTTP/1.x outlives its client's FIN: who shuts its side for
/// writing after a request may still want the answer. Kestrel, which takes the FIN for the end of the connection, hears of it only where it reads;
/// <see cref="ConnectionClosed"/> means that it was reset or closed here.
/// </summary>
internal sealed class DownstreamTransport : ConnectionContext, IDuplexPipe, IPodSocketObserver
{
    // A client that closed its socket has sent the same FIN as one that waits. The kernel hears so when it sends to it: a keepalive probe at the latest,
    // once the client's kernel has forgotten the connection (tcp_fin_timeout, 60 s).
    private const int KeepAliveSeconds = 15;

    private static long _last;

    private readonly PodSocket _socket;
    private readonly ConnectionSeries _series;
    private readonly PodUsage _usage;
    private readonly bool _endsWithPeer;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _gate = new();
    private readonly DownstreamReader _input;
    private readonly GatheredOutput? _gathered;
    private HttpConnection? _connection;
    private bool _isHalfClosed;
    private bool _isWatched;
    private bool _hasLeft;
    private string? _id;
    private long _moved;

    /// <param name="http2">The peer's FIN is the end of both ways.</param>
    public DownstreamTransport(Downstream downstream, bool http2, ConnectionSeries series)
    {
        _socket = downstream.Socket;
        _series = series;
        _usage = downstream.Pod.Usage;
        _endsWithPeer = http2;
        _input = new DownstreamReader(_socket, this);
        _gathered = http2 ? new GatheredOutput(_socket, this) : null;
        Output = _gathered?.Writer ?? new DownstreamWriter(_socket, this);
        LocalEndPoint = downstream.OriginalDestination;
        RemoteEndPoint = downstream.Client;
        Transport = this;
        _socket.Observer = this;
        if (_socket.IsPeerClosed)
        {
            OnPeerEnded(isBroken: false);
        }
    }

    public PipeReader Input => _input;

    public PipeWriter Output { get; }

    /// <summary>Bytes that have passed either way.</summary>
    public long Moved => Volatile.Read(ref _moved);

    public override string ConnectionId
    {
        get => _id ??= Interlocked.Increment(ref _last).ToString("x", CultureInfo.InvariantCulture);
        set => _id = value;
    }

    public override IFeatureCollection Features { get; } = new ConnectionFeatures();

    public override IDictionary<object, object?> Items { get => field ??= new ConnectionItems(); set; }

    public override IDuplexPipe Transport { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => throw new NotSupportedException(); }

    /// <summary>Has it told, once and on any thread, when the client sends no more though the connection is as good as before the other way; at once if that is so already.</summary>
    public void TellHalfClose(HttpConnection connection)
    {
        lock (_gate)
        {
            _connection = connection;
            if (!_isHalfClosed)
            {
                return;
            }
        }
        connection.HalfClosed();
    }

    /// <summary>Somebody waits for what may be of no use to a client that has closed for good.</summary>
    public void Watch()
    {
        if (!_isWatched)
        {
            _isWatched = true;
            _socket.KeepAliveAfter(KeepAliveSeconds);
        }
    }

    /// <summary>The client has sent so many bytes.</summary>
    public void Sent(int bytes)
    {
        _series.Sent(bytes);
        _usage.Moved(bytes);
        Interlocked.Add(ref _moved, bytes);
    }

    /// <summary>The client has been sent so many bytes.</summary>
    public void Received(int bytes)
    {
        _series.Received(bytes);
        _usage.Moved(bytes);
        Interlocked.Add(ref _moved, bytes);
    }

    /// <summary>Leaves the socket open to another, if Kestrel was told to stop waiting for the next request and nothing of one has come. Kestrel is done.</summary>
    public bool TryLeave()
    {
        if (!_input.IsAtRest || _socket.IsClosed)
        {
            return false;
        }
        _socket.Observer = null;
        return _hasLeft = true;
    }

    public override void Abort(ConnectionAbortedException abortReason) => _socket.Reset();

    public override async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync();
        await (_gathered?.CompleteAsync() ?? Output.CompleteAsync());
        if (!_hasLeft)
        {
            _socket.Dispose();
        }
        await base.DisposeAsync();
    }

    public void OnPeerEnded(bool isBroken)
    {
        if (isBroken || _endsWithPeer)
        {
            Close();
            return;
        }
        HttpConnection? connection;
        lock (_gate)
        {
            if (_isHalfClosed)
            {
                return;
            }
            _isHalfClosed = true;
            connection = _connection;
        }
        connection?.HalfClosed();
    }

    public void OnClosing() => Close();

    // Not here: who listens may do anything, and others live on this loop.
    private void Close() => ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
}
