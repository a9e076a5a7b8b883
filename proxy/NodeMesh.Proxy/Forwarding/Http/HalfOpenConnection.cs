using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// An HTTP/1.x connection that outlives its client's FIN: who shuts its side for writing after a request may still want the answer. Kestrel takes
/// the FIN for the end of the connection; to it, this one ends when it is reset or aborted, or when its client turns out to be gone.
/// </summary>
internal sealed class HalfOpenConnection(ConnectionContext transport, Socket socket, TimeProvider time) : ConnectionContext, IDisposable
{
    // From linux/tcp.h and tcp_states.h.
    private const int TcpInfo = 11;
    private const byte TcpCloseWait = 8;

    private const int KeepAliveSeconds = 15;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closed = new();
    private CancellationTokenRegistration _registration;
    private ITimer? _looks;
    private int _isWatched;

    /// <summary>The client sends no more, but the connection is as good as before the other way. Raised at most once, on any thread.</summary>
    public event Action? HalfClosed;

    /// <summary>From here on the events come; those of the past at once.</summary>
    public void Begin() => _registration = transport.ConnectionClosed.UnsafeRegister(static open => ((HalfOpenConnection)open!).OnTransportClosed(), this);

    /// <summary>
    /// A client that closed its socket has sent the same FIN. The kernel hears so only when something is sent to it: a keepalive probe at the latest, once
    /// the client's kernel has forgotten the connection (tcp_fin_timeout, 60 s). Nobody is told, since nothing is read any more, so the socket is
    /// looked at for as long as somebody waits.
    /// </summary>
    public void Watch()
    {
        if (Interlocked.Exchange(ref _isWatched, 1) == 0)
        {
            ProbeSooner();
            _looks = time.CreateTimer(static open => ((HalfOpenConnection)open!).Look(), this, LookInterval, LookInterval);
        }
    }

    public override string ConnectionId { get => transport.ConnectionId; set => transport.ConnectionId = value; }

    public override IFeatureCollection Features => transport.Features;

    public override IDictionary<object, object?> Items { get => transport.Items; set => transport.Items = value; }

    public override IDuplexPipe Transport { get => transport.Transport; set => transport.Transport = value; }

    public override EndPoint? LocalEndPoint { get => transport.LocalEndPoint; set => transport.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => transport.RemoteEndPoint; set => transport.RemoteEndPoint = value; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => throw new NotSupportedException(); }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        transport.Abort(abortReason);
        _closed.Cancel();
    }

    /// <summary>It is over; nobody looks any more.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        _looks?.Dispose();
    }

    private void OnTransportClosed()
    {
        if (IsHalfClosed())
        {
            HalfClosed?.Invoke();
        }
        else
        {
            _closed.Cancel();
        }
    }

    private void Look()
    {
        if (!IsHalfClosed())
        {
            _looks?.Dispose();
            _closed.Cancel();
        }
    }

    private void ProbeSooner()
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has just ended.
        }
    }

    private bool IsHalfClosed()
    {
        Span<byte> info = stackalloc byte[8]; // the head of struct tcp_info, of which the first byte is the state
        try
        {
            return socket.GetRawSocketOption((int)ProtocolType.Tcp, TcpInfo, info) > 0 && info[0] == TcpCloseWait;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
