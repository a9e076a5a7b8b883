using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net;
using System.Text;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using NodeMesh.Proxy.Forwarding.Http.Http2;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>The HTTP side of one captured pod: its downstream connections, and the pool of upstream connections opened on its behalf.</summary>
internal sealed class PodHttp
{
    // Endpoints come and go; beyond this many the cache is emptied rather than kept tidy.
    private const int MaxTargets = 4096;

    // A client that has sent nothing for this long is hardly just about to.
    private static readonly TimeSpan DrainIdle = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DrainInterval = TimeSpan.FromMilliseconds(100);

    private readonly LocalPod _pod;
    private readonly IUpstreamDialer _dialer;
    private readonly ConcurrentDictionary<EndpointEntry, UpstreamTarget> _targets = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<HttpConnection, bool> _connections = new(ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _draining;
    private volatile bool _closed;

    public PodHttp(LocalPod pod, IUpstreamDialer dialer, TimeProvider time)
    {
        _pod = pod;
        _dialer = dialer;
        Invoker = new HttpMessageInvoker(NewHandler(), disposeHandler: true);
        Http1 = new Http1Pools(pod, time);
    }

    public Http1Pools Http1 { get; }

    public HttpMessageInvoker Invoker { get; }

    public UpstreamTarget TargetFor(EndpointEntry endpoint, Downstream downstream)
    {
        var tls = endpoint.Load.Port?.Tls;
        if (_targets.TryGetValue(endpoint, out var target) && ReferenceEquals(target.Tls, tls))
        {
            return target;
        }
        if (_targets.Count >= MaxTargets)
        {
            _targets.Clear();
        }
        return _targets[endpoint] = new UpstreamTarget(downstream.Direction, downstream.Client.Address, endpoint.Address, _dialer, endpoint.Load.Port, tls);
    }

    public void Add(HttpConnection connection)
    {
        _connections[connection] = true;
        if (_closed)
        {
            connection.Abort(Reason.PodGone);
        }
        else if (_draining)
        {
            connection.RequestClose();
        }
    }

    public void Remove(HttpConnection connection)
    {
        _connections.TryRemove(connection, out _);
        if (_draining && _connections.IsEmpty)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Asks every connection to end in an orderly way, those to come too.</summary>
    public void RequestClose()
    {
        _draining = true;
        foreach (var (connection, _) in _connections)
        {
            connection.RequestClose();
        }
        if (_connections.IsEmpty)
        {
            _drained.TrySetResult();
        }
    }

    public async Task DrainAsync(CancellationToken limit)
    {
        RequestClose();
        try
        {
            while (!_drained.Task.IsCompleted)
            {
                await Task.WhenAny(_drained.Task, Task.Delay(DrainInterval, limit));
                limit.ThrowIfCancellationRequested();
                foreach (var (connection, _) in _connections)
                {
                    connection.CloseIfIdle(DrainIdle);
                }
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var (connection, _) in _connections)
            {
                connection.Abort(Reason.PodGone);
            }
        }
    }

    public void CloseResting()
    {
        foreach (var (connection, _) in _connections)
        {
            connection.CloseIfResting();
        }
    }

    /// <summary>Closes every socket of the pod, at once.</summary>
    public void Close()
    {
        _closed = true;
        foreach (var (connection, _) in _connections)
        {
            connection.Abort(Reason.PodGone);
        }
        Invoker.Dispose();
        Http1.Dispose();
    }

    private SocketsHttpHandler NewHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        PreAuthenticate = false,
        // No traceparent of ours: the app's own goes through as any header.
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(Http1Pool.IdleMilliseconds),
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        ConnectTimeout = Timeout.InfiniteTimeSpan,
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = 1024 * 1024,
        MaxResponseHeadersLength = 256, // KiB
        // An aborted response ends its connection; reading the rest of it for nobody would keep the upstream busy.
        MaxResponseDrainSize = 0,
        ConnectCallback = ConnectAsync,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var target = Attempt.TargetOf(context.InitialRequestMessage);
        var counted = target.Traffic?.Connections;
        Stream? opened = null;
        try
        {
            if (counted is not null && !counted.Opens(target.Traffic!.MaxConnections))
            {
                throw new CircuitOpenException($"there are {target.Traffic.MaxConnections} connections to the Service of {target.Endpoint} already");
            }
            var socket = await target.DialAsync(_pod, cancellation);
            if (_closed)
            {
                socket.Dispose();
                throw new ObjectDisposedException(_pod.Id);
            }
            var transport = new UpstreamStream(socket, counted);
            opened = transport;
            return (Stream?)await target.SecureAsync(transport, context.InitialRequestMessage.Version.Major >= 2, cancellation) ?? transport;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new UpstreamConnectException(exception);
        }
        finally
        {
            if (opened is null)
            {
                counted?.Closed();
            }
        }
    }
}
