using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using NodeMesh.Proxy.Forwarding.Http.Transport;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// What the mesh knows of one downstream HTTP connection: a feature of Kestrel's connection, of which it may have one after another. Keeps what requests
/// would otherwise look up each time.
/// </summary>
internal sealed class HttpConnection : IGuarded
{
    private readonly ProxyMetrics _metrics;
    private readonly IUpstreamDialer _dialer;
    private readonly UpstreamTarget? _originalTarget;
    private IConnectionLifetimeNotificationFeature? _lifetime;
    private volatile RequestSeriesOf? _lastSeries;
    private int _reason;
    private int _underWay;
    private long _lastActive = Environment.TickCount64;
    private volatile bool _closing;
    private volatile bool _isResting;
    private bool _isCounted;
    private Http1Connection? _upstream;
    private bool _isGone;
    private bool _isHalfClosed;

    public HttpConnection(Downstream downstream, bool http2, PodHttp pod, RequestRouter router, ProxyMetrics metrics, IUpstreamDialer dialer)
    {
        Downstream = downstream;
        Http2 = http2;
        Pod = pod;
        Router = router;
        UnderWay = new RequestsUnderWay(downstream);
        _metrics = metrics;
        _dialer = dialer;
        var route = downstream.Route;
        if (!route.IsClusterIp)
        {
            _originalTarget = new UpstreamTarget(downstream.Direction, downstream.Client.Address, downstream.OriginalDestination, dialer);
        }
        var direction = _originalTarget?.Direction ?? DirectionOf(route.Port!, dialer);
        Series = metrics.Connections(route.Labels(direction, http2 ? TrafficProtocol.Http2 : TrafficProtocol.Http1, endpoint: null));
    }

    public Downstream Downstream { get; }

    public bool Http2 { get; }

    public PodHttp Pod { get; }

    public RequestRouter Router { get; }

    public ConnectionSeries Series { get; }

    public RequestsUnderWay UnderWay { get; }

    public UpstreamTarget TargetFor(in RequestDecision decision)
    {
        if (decision.Endpoint is not { } endpoint)
        {
            return _originalTarget!;
        }
        endpoint.Load.Port?.UsedBy(Downstream.Pod, endpoint.Address.AddressFamily);
        return Pod.TargetFor(endpoint, Downstream);
    }

    /// <summary>The series of a request to this endpoint. Most requests of a connection go to pods of one owner, and find it where the last one left it.</summary>
    public RequestSeries RequestSeriesFor(EndpointEntry? endpoint, TrafficDirection direction, TrafficProtocol protocol, string decidedBy = "")
    {
        var workload = endpoint?.Workload;
        var last = _lastSeries;
        var security = Downstream.Route.Security(protocol, endpoint);
        if (last is not null && ReferenceEquals(last.Workload, workload) && last.Direction == direction && last.Protocol == protocol && last.HasEndpoint == endpoint is not null
            && last.DecidedBy == decidedBy && last.Security == security)
        {
            return last.Series;
        }
        var series = _metrics.Requests(Downstream.Route.Labels(direction, protocol, endpoint, decidedBy));
        _lastSeries = new RequestSeriesOf(workload, endpoint is not null, direction, protocol, decidedBy, security, series);
        return series;
    }

    /// <summary>Another that stands for copies of its requests: they have the same source, but neither its end nor its place for the request under way.</summary>
    public HttpConnection ForCopy() => new(Downstream, Http2, Pod, Router, _metrics, _dialer);

    public void CountRefusedRetry(string route, string limit) => _metrics.RetryRefused(route, limit);

    public void CountRetry(string route) => _metrics.Retried(route);

    /// <summary>An attempt of a measured rule is over.</summary>
    public void CountBackend(RouteRule rule, BackendPort backend, bool failed, TimeSpan elapsed) => _metrics.Backends.For(rule, backend).Done(failed, elapsed);

    /// <summary>The client has shut its side for writing: it waits for the answer, or it has closed. What then fails may have failed because of it.</summary>
    public bool IsHalfClosed => Volatile.Read(ref _isHalfClosed);

    /// <summary>Cancelled when the downstream is gone, or is being closed.</summary>
    public CancellationToken Gone { get; private set; }

    /// <summary>What carries it; null: nothing, for copies and while it rests.</summary>
    public DownstreamTransport? Transport { get; private set; }

    /// <summary>Bytes that have passed either way.</summary>
    public long Moved => Transport?.Moved ?? 0;

    /// <summary>The request under way goes over this connection, and ends with the downstream. For HTTP/1.1, where there is one at a time.</summary>
    public void Attach(Http1Connection upstream)
    {
        if (Http2)
        {
            return; // there may be many, which end by themselves
        }
        Interlocked.Exchange(ref _upstream, upstream);
        if (Volatile.Read(ref _isGone))
        {
            upstream.Abort();
        }
        if (IsHalfClosed)
        {
            upstream.EndAfterRequest();
        }
    }

    /// <returns>False: it was, or is being, ended.</returns>
    public bool Detach(Http1Connection upstream) => Http2 || (Interlocked.CompareExchange(ref _upstream, null, upstream) == upstream && !IsHalfClosed);

    /// <summary>
    /// Passes on an interim response (1xx), for which Kestrel has no words. Nothing else is written meanwhile: the last response is out, and Kestrel
    /// begins the next one when it is told to.
    /// </summary>
    public async ValueTask InformAsync(ResponseHead head)
    {
        var text = new StringBuilder().Append("HTTP/1.1 ").Append(head.Status).Append(' ').Append(head.ReasonPhrase).Append("\r\n");
        for (var index = 0; index < head.Fields.Count; index++)
        {
            if (!MessageFields.IsOfConnection(head.Fields[index].Name))
            {
                text.Append(head.Fields[index].Name).Append(": ").Append(head.Fields[index].Value).Append("\r\n");
            }
        }
        await Transport!.Output.WriteAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()));
    }

    /// <summary>Makes the transport, on which Kestrel is to serve it.</summary>
    public DownstreamTransport Carry()
    {
        _isResting = false;
        return Transport = new DownstreamTransport(Downstream, Http2, Series);
    }

    /// <summary>Kestrel begins to serve it, or goes on to.</summary>
    public void Served(IConnectionLifetimeNotificationFeature? lifetime)
    {
        _lifetime = lifetime;
        Gone = Transport!.ConnectionClosed;
        if (!Http2)
        {
            Gone.UnsafeRegister(static state => ((HttpConnection)state!).OnGone(), this);
            Transport.TellHalfClose(this);
        }
        if (!_isCounted)
        {
            _isCounted = true;
            Series.Opened();
            Pod.Add(this);
        }
    }

    /// <summary>Kestrel is done with it: lets go of all that is Kestrel's if it was only idle, and is not to end.</summary>
    /// <returns>False: it is over.</returns>
    public bool TryRest()
    {
        if (Http2 || _closing || !Transport!.TryLeave())
        {
            return false;
        }
        _isResting = true;
        (Transport, _lifetime, Gone) = (null, null, CancellationToken.None);
        return true;
    }

    public void Closed()
    {
        if (_isCounted)
        {
            Pod.Remove(this);
            Series.Closed((Reason)_reason);
        }
    }

    /// <summary>The client sends no more. The upstream hears of it, and may go on or give up: what a FIN means to it is its own business. Once, on any thread.</summary>
    public void HalfClosed()
    {
        Volatile.Write(ref _isHalfClosed, true);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _upstream)?.EndAfterRequest();
        if (Volatile.Read(ref _underWay) > 0)
        {
            Transport?.Watch();
        }
    }

    /// <summary>The next response shall say that it is the last. HTTP/1.1 only.</summary>
    public bool IsClosing => _closing && !Http2;

    public void RequestBegins()
    {
        Interlocked.Increment(ref _underWay);
        if (IsHalfClosed)
        {
            Transport?.Watch();
        }
    }

    public void RequestEnds()
    {
        Volatile.Write(ref _lastActive, Environment.TickCount64);
        Interlocked.Decrement(ref _underWay);
    }

    /// <summary>
    /// The next response says that it is the last (HTTP/1.1), or the client is told to open no more streams (HTTP/2). An HTTP/1.1
    /// connection between two requests is not closed here: the client may just be sending the next one, which would be lost.
    /// </summary>
    public void RequestClose()
    {
        _closing = true;
        if (Http2)
        {
            _lifetime?.RequestClose();
        }
    }

    /// <summary>Closes an HTTP/1.1 connection that has been without a request for so long.</summary>
    public void CloseIfIdle(TimeSpan idle)
    {
        CloseIfResting();
        if (Volatile.Read(ref _underWay) == 0 && Environment.TickCount64 - Volatile.Read(ref _lastActive) > idle.TotalMilliseconds)
        {
            _lifetime?.RequestClose();
        }
    }

    public void CloseIfResting()
    {
        if (_isResting)
        {
            Downstream.Socket.Dispose();
        }
    }

    public void Abort(Reason reason)
    {
        BecauseOf(reason);
        Downstream.Socket.Reset();
    }

    /// <summary>The reason its end is counted under, should it end now; the first one stays.</summary>
    public void BecauseOf(Reason reason) => Interlocked.CompareExchange(ref _reason, (int)reason, (int)Reason.None);

    /// <summary>Ends the connection if a request under way goes where its client may send none any more. Requests to come are asked about one by one.</summary>
    public void Recheck(ConnectionGuard guard)
    {
        if (UnderWay.AnyForbidden(guard))
        {
            Abort(Reason.Denied);
        }
    }

    private void OnGone()
    {
        Volatile.Write(ref _isGone, true);
        Interlocked.Exchange(ref _upstream, null)?.Abort();
    }

    private static TrafficDirection DirectionOf(ServicePortEntry port, IUpstreamDialer dialer)
    {
        foreach (var endpoint in port.Endpoints)
        {
            if (!dialer.IsLocal(endpoint.Address))
            {
                return TrafficDirection.Outbound;
            }
        }
        return port.Endpoints.Length > 0 ? TrafficDirection.Local : TrafficDirection.Outbound;
    }

    private sealed record RequestSeriesOf(WorkloadEntry? Workload, bool HasEndpoint, TrafficDirection Direction, TrafficProtocol Protocol, string DecidedBy, TrafficSecurity Security, RequestSeries Series);
}
