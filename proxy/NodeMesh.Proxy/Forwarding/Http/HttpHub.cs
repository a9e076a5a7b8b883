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
/// Serves the HTTP connections of all pods with one Kestrel server, which listens nowhere: accept loops give it connections
/// whose protocol is known. Each pod has upstream connections of its own, so that sources never share one.
/// </summary>
internal sealed class HttpHub : IAsyncDisposable
{
    private readonly HubListenerFactory _listeners = new();
    private readonly KestrelServer _server;
    private readonly ConcurrentDictionary<LocalPod, PodHttp> _pods = new();
    private readonly SnapshotStore _store;
    private readonly LoadBalancer _balancer;
    private readonly ProxyMetrics _metrics;
    private readonly IUpstreamDialer _dialer;
    private readonly TimeProvider _time;
    private readonly HttpForwarder _forwarder;
    private readonly ConnectionGuard _guard;

    public HttpHub(SnapshotStore store, LoadBalancer balancer, ProxyMetrics metrics, IUpstreamDialer dialer, TimeProvider time, ConnectionGuard guard, TrafficObserver observer, ILoggerFactory loggers)
    {
        _store = store;
        _balancer = balancer;
        _metrics = metrics;
        _dialer = dialer;
        _time = time;
        _guard = guard;
        var http1 = new RecordingEngine(new AuthorizingEngine(new IdleEngine(new Http1Engine(time, loggers.CreateLogger<Http1Engine>()), time), guard));
        var http2 = new RecordingEngine(new AuthorizingEngine(new IdleEngine(new Http2Engine(loggers.CreateLogger<Http2Engine>()), time), guard));
        var hedger = new Hedger(time, metrics);
        var caller = new ServiceCaller(guard, time);
        var routed = new RoutedForwarder(time, balancer.Random, http1, http2, new MirrorSender(http1, http2, time, metrics), hedger, new ExternalAuthorizer(caller, time, metrics.Policies, loggers.CreateLogger<ExternalAuthorizer>()));
        _forwarder = new HttpForwarder(time, http1, http2, routed, new PolicyGate(time, balancer.Random, guard.Authorizer, new GlobalRateLimiter(caller, metrics.Policies, loggers.CreateLogger<GlobalRateLimiter>()), metrics.Policies), hedger, observer);
        var options = HubLimits.Server();
        options.Listen(_listeners.Http1.EndPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(ServeAsync);
        });
        options.Listen(_listeners.Http2.EndPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(ServeAsync);
        });
        _server = new KestrelServer(Options.Create(options), _listeners, loggers);
    }

    public Task StartAsync(CancellationToken cancellation) => _server.StartAsync(new ForwardingApplication(_forwarder), cancellation);

    /// <summary>Takes over a connection that speaks HTTP/1.x, or HTTP/2 from its first byte. The hub closes the socket. On the socket's loop.</summary>
    public void Accept(Downstream downstream, bool http2)
    {
        var pod = _pods.GetOrAdd(downstream.Pod, static (pod, hub) => hub.NewPod(pod), this);
        var state = new HttpConnection(downstream, http2, pod, new RequestRouter(_store, _balancer, downstream.Route, downstream.OriginalDestination, downstream.Client.Address, http2), _metrics, _dialer);
        var connection = state.Carry();
        connection.Features.Set(state);
        downstream.Socket.Start();
        if (!(http2 ? _listeners.Http2 : _listeners.Http1).Add(connection))
        {
            connection.Abort(new ConnectionAbortedException("the proxy is stopping"));
            _ = connection.DisposeAsync().AsTask();
        }
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
    public Task StopAsync(CancellationToken limit) => _server.StopAsync(limit);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token);
        _server.Dispose();
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

    private ConnectionDelegate ServeAsync(ConnectionDelegate next) => async connection =>
    {
        var state = connection.Features.Get<HttpConnection>()!;
        state.Opened(connection.Features.Get<IConnectionLifetimeNotificationFeature>());
        _guard.Enter(state);
        try
        {
            await next(connection);
        }
        finally
        {
            _guard.Leave(state);
            state.Closed();
        }
    };
}
