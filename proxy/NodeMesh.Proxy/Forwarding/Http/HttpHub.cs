using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Hedging;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using NodeMesh.Proxy.Forwarding.Http.Http2;
using NodeMesh.Proxy.Forwarding.Http.Services;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Serves the HTTP connections of all pods with Kestrel, which listens nowhere: accept loops give it connections whose protocol is known.
/// Each pod has upstream connections of its own, so that sources never share one.
/// <para>An HTTP/1.1 connection that has been without a request for a while rests: Kestrel, whose part of it takes up most, lets go of it between
/// two requests, and only its socket is kept. It is given to Kestrel again when the client says something; nobody has read from it meanwhile.</para>
/// </summary>
internal sealed class HttpHub : IAsyncDisposable
{
    private static readonly TimeSpan RestAfter = TimeSpan.FromSeconds(5);

    private readonly HubListener _http1Connections = new(new HubEndPoint("http1"));
    private readonly HubListener _http2Connections = new(new HubEndPoint("http2"));
    private readonly KestrelServer _http1;
    private readonly KestrelServer _http2;
    private readonly ConcurrentDictionary<LocalPod, PodHttp> _pods = new();
    private readonly SnapshotStore _store;
    private readonly LoadBalancer _balancer;
    private readonly ProxyMetrics _metrics;
    private readonly IUpstreamDialer _dialer;
    private readonly TimeProvider _time;
    private readonly HttpForwarder _forwarder;
    private readonly ConnectionGuard _guard;
    private volatile bool _isStopping;
    private readonly RestedMemory _restedMemory;
    private int _resting;

    /// <param name="restAfter">How long an HTTP/1.1 connection is without a request until it rests.</param>
    public HttpHub(SnapshotStore store, LoadBalancer balancer, ProxyMetrics metrics, IUpstreamDialer dialer, TimeProvider time, ConnectionGuard guard, TrafficObserver observer, ILoggerFactory loggers, TimeSpan? restAfter = null)
    {
        _store = store;
        _balancer = balancer;
        _metrics = metrics;
        _dialer = dialer;
        _time = time;
        _guard = guard;
        _restedMemory = RestedMemory.Watched(time);
        var http1 = new RecordingEngine(new AuthorizingEngine(new IdleEngine(new Http1Engine(time, loggers.CreateLogger<Http1Engine>()), time), guard));
        var http2 = new RecordingEngine(new AuthorizingEngine(new IdleEngine(new Http2Engine(loggers.CreateLogger<Http2Engine>()), time), guard));
        var hedger = new Hedger(time, metrics);
        var caller = new ServiceCaller(guard, time);
        var routed = new RoutedForwarder(time, balancer.Random, http1, http2, new MirrorSender(http1, http2, time, metrics), hedger, new ExternalAuthorizer(caller, time, metrics.Policies, loggers.CreateLogger<ExternalAuthorizer>()));
        _forwarder = new HttpForwarder(time, http1, http2, routed, new PolicyGate(time, balancer.Random, guard.Authorizer, new GlobalRateLimiter(caller, metrics.Policies, loggers.CreateLogger<GlobalRateLimiter>()), metrics.Policies), hedger, observer);
        // Two, since the limit is for all connections of a server, and HTTP/2 has no state between two requests that could be left and entered again.
        _http1 = NewServer(_http1Connections, HttpProtocols.Http1, restAfter ?? RestAfter, loggers);
        _http2 = NewServer(_http2Connections, HttpProtocols.Http2, HubLimits.Never, loggers);
    }

    /// <summary>Connections that rest.</summary>
    public int Resting => Volatile.Read(ref _resting);

    public async Task StartAsync(CancellationToken cancellation)
    {
        var application = new ForwardingApplication(_forwarder);
        await _http1.StartAsync(application, cancellation);
        await _http2.StartAsync(application, cancellation);
    }

    /// <summary>Takes over a connection that speaks HTTP/1.x, or HTTP/2 from its first byte. The hub closes the socket. On the socket's loop.</summary>
    public void Accept(Downstream downstream, bool http2)
    {
        var pod = _pods.GetOrAdd(downstream.Pod, static (pod, hub) => hub.NewPod(pod), this);
        downstream.Socket.Start();
        Serve(new HttpConnection(downstream, http2, pod, new RequestRouter(_store, _balancer, downstream.Route, downstream.OriginalDestination, downstream.Client.Address, http2), _metrics, _dialer));
    }

    /// <summary>Asks every connection of the pod to end: after the response under way (HTTP/1.1 Connection: close), with GOAWAY (HTTP/2).</summary>
    /// <returns>Completes when all have ended, or by cancellation, which closes what is left.</returns>
    public async Task DrainAsync(LocalPod pod, CancellationToken limit)
    {
        if (_pods.TryGetValue(pod, out var state))
        {
            await state.DrainAsync(limit);
        }
    }

    /// <summary>Stops accepting, finishes what is under way, and aborts what is left when cancelled.</summary>
    public Task StopAsync(CancellationToken limit)
    {
        _isStopping = true;
        foreach (var pod in _pods.Values)
        {
            pod.CloseResting();
        }
        return Task.WhenAll(_http1.StopAsync(limit), _http2.StopAsync(limit));
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await StopAsync(now.Token);
        _restedMemory.Dispose();
        _http1.Dispose();
        _http2.Dispose();
        foreach (var pod in _pods.Values)
        {
            pod.Close();
        }
    }

    private PodHttp NewPod(LocalPod pod)
    {
        var state = new PodHttp(pod, _dialer, _time);
        pod.Gone.UnsafeRegister(static (argument, _) =>
        {
            var (hub, pod) = ((HttpHub, LocalPod))argument!;
            if (hub._pods.TryRemove(pod, out var state))
            {
                state.Close();
            }
        }, (this, pod));
        pod.Draining.UnsafeRegister(static state => ((PodHttp)state!).RequestClose(), state);
        return state;
    }

    private KestrelServer NewServer(HubListener connections, HttpProtocols protocol, TimeSpan idle, ILoggerFactory loggers)
    {
        var options = HubLimits.Server(idle);
        options.Listen(connections.EndPoint, listen =>
        {
            listen.Protocols = protocol;
            listen.Use(ServedAsync);
        });
        return new KestrelServer(Options.Create(options), new HubListenerFactory(connections), loggers);
    }

    private void Serve(HttpConnection state)
    {
        var transport = state.Carry();
        transport.Features.Set(state);
        if (!(state.Http2 ? _http2Connections : _http1Connections).Add(transport))
        {
            transport.Abort(new ConnectionAbortedException("the proxy is stopping"));
            _ = transport.DisposeAsync().AsTask();
            End(state);
        }
    }

    private ConnectionDelegate ServedAsync(ConnectionDelegate next) => async connection =>
    {
        var state = connection.Features.Get<HttpConnection>()!;
        state.Served(connection.Features.Get<IConnectionLifetimeNotificationFeature>());
        _guard.Enter(state);
        try
        {
            await next(connection);
        }
        finally
        {
            if (!_isStopping && state.TryRest())
            {
                _ = RestAsync(state);
            }
            else
            {
                End(state);
            }
        }
    };

    private async Task RestAsync(HttpConnection state)
    {
        if (_isStopping)
        {
            state.CloseIfResting();
        }
        var socket = state.Downstream.Socket;
        Interlocked.Increment(ref _resting);
        _restedMemory.Rested();
        while (socket.IsDry())
        {
            await socket.WaitToReceiveAsync();
        }
        Interlocked.Decrement(ref _resting);
        if (socket.IsClosed)
        {
            End(state);
        }
        else
        {
            Serve(state);
        }
    }

    private void End(HttpConnection state)
    {
        _guard.Leave(state);
        state.Closed();
    }
}
