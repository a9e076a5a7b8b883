using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Opaque;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Accepting;

/// <summary>
/// An accepted connection until it is known what it is and it is handed to the HTTP engine or to a <see cref="Relay"/>.
/// Everything happens on one loop: each event has <see cref="Step"/> look at the whole situation again. No bytes are taken
/// from the socket and no buffer is held meanwhile.
/// </summary>
internal sealed partial class Arrival : ILoopEvents, IPodUser
{
    private readonly AcceptContext _context;
    private readonly LoopSocket _downstream;
    private readonly LocalPod _pod;
    private readonly Direction _direction;
    private readonly IPEndPoint _client;
    private readonly IPEndPoint _destination;
    private readonly ConnectionRoute _route;
    private readonly DetectionPlan _plan;
    private readonly bool _isDeclared;
    private readonly MeshSnapshot _snapshot;
    private readonly RouteTableEntry? _table;
    private readonly FirstBytes _first;
    private readonly TrafficRecord? _record;
    private string _decidedBy = "";
    private LoopTimer? _timer;
    private Wait _wait;
    private Dial? _dial;
    private EndpointEntry? _endpoint;
    private EndpointLease _lease;
    private bool _isEarlyDial;
    private bool _isForbidden;
    private LoopTimer? _delay;
    private bool _isDone;

    public Arrival(AcceptContext context, LoopSocket downstream, LocalPod pod, Direction direction, IPEndPoint client, IPEndPoint destination)
    {
        (_context, _downstream, _pod, _direction, _client, _destination) = (context, downstream, pod, direction, client, destination);
        _snapshot = context.Snapshots.Current;
        _route = ConnectionRoute.For(_snapshot, direction, client, destination);
        _table = _route.ConnectionTable(_snapshot);
        _record = context.Observer.ConnectionBegins(_snapshot, _route, client, destination);
        var declared = _table is { Kind: RouteKind.TcpRoute } ? Protocol.Opaque : _route.Declared;
        if (declared == Protocol.Tls && _route is { IsClusterIp: true, Port.Traffic.Tls: not null })
        {
            declared = Protocol.Unspecified; // the mesh speaks TLS for those who don't
        }
        _isDeclared = declared != Protocol.Unspecified;
        _plan = _isDeclared && _table is { Kind: RouteKind.TlsRoute }
            ? DetectionPlan.ForServerName
            : DetectionPlan.For(declared, _isDeclared ? Verdict.Undecided : context.Ports.Recall(destination));
        _first = new FirstBytes(downstream, _plan, _isDeclared, _plan.Looks ? Verdict.Undecided : declared == Protocol.Tls ? Verdict.Tls : Verdict.Opaque);
    }

    // What the one timer is running for.
    private enum Wait
    {
        None,
        Dial,
        Silence,
        Rest,
    }

    private EventLoop Loop => _downstream.Loop;

    private Verdict Verdict => _first.Verdict;

    private bool IsDecided => _first.Verdict != Verdict.Undecided;

    /// <summary>Begins; the pod has counted the connection, and so has the loop.</summary>
    public void Start()
    {
        if (!_pod.TryEnter(this))
        {
            End(Reason.PodGone);
            return;
        }
        _downstream.IsReadable = true; // try at once: the first bytes are usually there
        Step();
    }

    public void OnReady(LoopSocket socket) => Step();

    public void OnFault(Exception exception)
    {
        if (!_isDone)
        {
            End(Reason.Overloaded);
        }
    }

    public void OnPodGone() => Loop.Post(() =>
    {
        if (!_isDone)
        {
            End(Reason.PodGone);
        }
    });

    private void Step()
    {
        if (_isDone)
        {
            return;
        }
        if (_first.IsDue && !Look())
        {
            return;
        }
        if (_downstream.IsBroken)
        {
            End(Reason.DownstreamReset);
            return;
        }
        if (_table is { Kind: RouteKind.TlsRoute } && !HoldToRoute())
        {
            return;
        }
        if (Verdict is Verdict.Http1 or Verdict.Http2)
        {
            HandToHttp();
            return;
        }
        if (_dial is null && IsDecided && IsHeldByFault())
        {
            return;
        }
        if (_dial is null && (IsDecided || _plan.DialAfterMilliseconds == 0) && !Dial())
        {
            return;
        }
        switch (_dial?.State)
        {
            case DialState.Connected:
                TakeSilence();
                break;
            case DialState.Failed:
                _lease.Failed();
                LogConnectFailed(_context.Logger, _pod.Id, _dial.Target.Endpoint, _dial.Error);
                End(Reason.UpstreamConnect);
                return;
            case DialState.OutOfSockets:
                LogOutOfSockets(_context.Logger, _dial.Target.Owner.Id, _dial.Target.Kind);
                End(Reason.Overloaded);
                return;
            case DialState.PodGone:
                End(Reason.PodGone);
                return;
        }
        if (IsDecided && _dial is { State: DialState.Connected })
        {
            HandToRelay();
            return;
        }
        WaitForMore();
    }

    // False: the connection is over.
    private bool Look()
    {
        switch (_first.Look(isLast: _wait == Wait.Rest && _timer!.Queue is null))
        {
            case FirstBytes.Outcome.Closed:
                End(Reason.None);
                return false;
            case FirstBytes.Outcome.Broken:
                End(Reason.DownstreamReset);
                return false;
        }
        if (_first.HasSpoken && IsDecided && !_isDeclared)
        {
            _context.Ports.Learn(_destination, Remembered(Verdict));
        }
        return true;
    }

    // The server has accepted, and the client may not have said what it speaks.
    private void TakeSilence()
    {
        if (IsDecided)
        {
            return;
        }
        if (_dial!.Socket!.IsReadable)
        {
            _context.Counters.ServerSpokeFirst();
            _context.Ports.Learn(_destination, Verdict.Opaque);
            _first.TakeForOpaque();
        }
        else if (_plan.SilenceIsOpaque && !_first.HasSpoken && _wait == Wait.Silence && _timer!.Queue is null)
        {
            _context.Counters.ClientSilent();
            _first.TakeForOpaque();
        }
    }

    private void WaitForMore()
    {
        if (_downstream.Watch(this) != 0)
        {
            End(Reason.Overloaded);
            return;
        }
        if (IsDecided)
        {
            _timer?.Stop();
            return; // only the dial is missing, and it has its own deadline
        }
        if (_first.HasSpoken)
        {
            StartWait(Wait.Rest, DetectionPlan.PartialMilliseconds);
        }
        else if (_dial is not null || _isForbidden)
        {
            // Nobody is dialled for what is forbidden so far, so nobody waits in vain: what would let it pass may be long in coming.
            StartWait(Wait.Silence, _isForbidden ? DetectionPlan.PartialMilliseconds : DetectionPlan.SilenceMilliseconds);
        }
        else if (_plan.DialAfterMilliseconds is { } milliseconds)
        {
            StartWait(Wait.Dial, milliseconds);
        }
    }

    private void StartWait(Wait wait, int milliseconds)
    {
        if (_wait < wait)
        {
            _wait = wait;
            Loop.StartTimer(_timer ??= new LoopTimer(OnTimeout), milliseconds);
        }
    }

    private void OnTimeout()
    {
        if (_isDone)
        {
            return;
        }
        if (_wait == Wait.Dial && _dial is null && !Dial())
        {
            return;
        }
        if (_wait == Wait.Silence && _isForbidden)
        {
            End(Reason.Denied);
            return;
        }
        if (_wait == Wait.Rest)
        {
            _downstream.IsReadable = true; // look a last time
        }
        Step();
    }

    // Where a TLSRoute decides: on a port declared to speak TLS nothing else passes; what was dialled before the server name came is dialled
    // anew. False: the connection is over.
    private bool HoldToRoute()
    {
        if (_isDeclared && Verdict is not (Verdict.Undecided or Verdict.Tls))
        {
            End(Reason.NoRoute);
            return false;
        }
        if (Verdict == Verdict.Tls && _isEarlyDial && _dial is not null)
        {
            _context.Counters.EarlyDial(used: false);
            _dial.Abandon();
            _lease.End();
            _dial = null;
            _isEarlyDial = false;
        }
        return true;
    }

    // A fault is made for it: it is over, or waits.
    private bool IsHeldByFault()
    {
        if (_delay is not null)
        {
            return _delay.Queue is not null;
        }
        var snapshot = _context.Snapshots.Current;
        if (_route is not { IsClusterIp: true, Port: { } port } || snapshot.PoliciesOf.For(port, null).Fault is not { } injector
            || injector.ForOpaque(_context.Balancer.Random) is not { } fault)
        {
            return false;
        }
        if (fault.Reset)
        {
            _record?.DecidedBy("FaultPolicy", injector.Policy);
            _context.Metrics.Policies.FaultInjected(injector.Policy, "reset");
            End(Reason.FaultInjected);
            return true;
        }
        if (fault.DelayMilliseconds == 0)
        {
            return false;
        }
        _context.Metrics.Policies.FaultInjected(injector.Policy, "delay");
        if (_downstream.Watch(this) != 0)
        {
            End(Reason.Overloaded);
            return true;
        }
        Loop.StartTimer(_delay = new LoopTimer(Step), (int)fault.DelayMilliseconds);
        return true;
    }

    // False: nobody to dial; the connection is over.
    private bool Dial()
    {
        _isEarlyDial = !IsDecided;
        var address = _destination;
        if (_route is { IsClusterIp: true, Port: { } port })
        {
            // A TLSRoute has nothing to say before the handshake has, nor of what is no TLS.
            var table = _table is { Kind: RouteKind.TlsRoute } && Verdict != Verdict.Tls ? null : _table;
            var decision = ConnectionDecision.Make(
                _snapshot, port, table, _first.ServerName, _destination.AddressFamily, new PickFacts(_route.Source, _client.Address, default), _context.Balancer);
            _decidedBy = decision.Route;
            _endpoint = decision.Endpoint;
            if (_endpoint is null)
            {
                Refuse(decision.Refusal, decision.Full);
                return false;
            }
            address = _endpoint.Address;
        }
        var traffic = _endpoint?.Load.Port;
        traffic?.UsedBy(_pod, address.AddressFamily);
        var target = _context.Dialer.Target(_pod, _direction, _client.Address, address);
        if (traffic?.ConnectMilliseconds is { } limit)
        {
            target = target with { TimeoutMilliseconds = limit };
        }
        if (!IsLetThrough(target))
        {
            return !_isDone;
        }
        if (!EndpointLease.TryBegin(_endpoint?.Load, _context.Time, isRequest: false, holdsConnection: true, out _lease))
        {
            Refuse(Reason.CircuitOpen, traffic);
            return false;
        }
        _dial = new Dial(Loop, target, Step);
        _dial.Start();
        return !_isDone;
    }

    private void Refuse(Reason reason, PortTraffic? full)
    {
        if (full?.Rules is { } rules)
        {
            _record?.DecidedBy("TrafficPolicy", rules.Policy);
        }
        End(reason);
    }

    // What is forbidden waits for its first bytes: as HTTP its client is to be answered, and a server name may let it leave the mesh.
    private bool IsLetThrough(in DialTarget target)
    {
        _isForbidden = !_context.Guard.Allows(_pod, _client.Address, target, _route.IsClusterIp, _first.ServerName, isFinal: IsDecided, _record);
        if (_isForbidden && IsDecided)
        {
            End(Reason.Denied);
        }
        return !_isForbidden;
    }

    private void HandToHttp()
    {
        _context.Counters.Detected(Verdict);
        if (_dial is not null)
        {
            _context.Counters.EarlyDial(used: false);
            _dial.Abandon();
            _lease.End();
        }
        Leave();
        PodSocket socket;
        try
        {
            socket = new PodSocket(_downstream, _pod, isAccepted: true);
        }
        catch (OperationCanceledException)
        {
            return; // the pod went this moment
        }
        _context.AcceptHttp(new Downstream(socket, _pod, _direction, _client, _destination, _route), Verdict == Verdict.Http2);
    }

    private void HandToRelay()
    {
        _context.Counters.Detected(Verdict);
        if (_isEarlyDial)
        {
            _context.Counters.EarlyDial(used: true);
        }
        var dial = _dial!;
        if (_isEarlyDial && dial.Target.IsInboundLeg && !IsLetThrough(dial.Target))
        {
            return; // it was let in as what might have been HTTP
        }
        var tls = Verdict == Verdict.Tls ? null : _endpoint?.Load.Port?.Tls;
        if (tls is null)
        {
            _lease.Answered();
        }
        var series = Series();
        Leave();
        var guard = !dial.Target.IsInboundLeg && _route.IsClusterIp
            ? null
            : new RelayGuard(_context.Guard, _client.Address, dial.Target.Endpoint, dial.Target.Owner.Namespace)
            {
                Leaves = dial.Target.IsInboundLeg ? null : _pod, ServerName = _first.ServerName,
            };
        Note();
        LogRelay(_context.Logger, _pod.Id, _direction, _client, _destination, dial.Target.Endpoint, Verdict, _first.ServerName);
        if (tls is not null)
        {
            RelayInTls(dial, tls, series, guard);
            return;
        }
        var relay = new Relay(_downstream, dial.TakeSocket(), _pod, dial.Target.Owner, series, _lease, guard, _endpoint?.Load.Port?.IdleMilliseconds ?? 0, _record)
        {
            Direction = TrafficDirectionNow, IdlePolicy = _endpoint?.Load.Port?.Rules?.Policy ?? "",
        };
        relay.Start();
    }

    // What is neither HTTP nor TLS itself, to an endpoint that is to be spoken to in TLS.
    private void RelayInTls(Dial dial, BackendTlsEntry tls, ConnectionSeries series, RelayGuard? guard)
    {
        var traffic = _endpoint!.Load.Port;
        var upstream = dial.TakeSocket();
        PodSocket? downstream = null;
        try
        {
            downstream = new PodSocket(_downstream, _pod, isAccepted: true);
            _ = new TlsRelay(downstream, new PodSocket(upstream, dial.Target.Owner, isAccepted: false), tls, _context.Logger)
            {
                Pod = _pod,
                Series = series,
                Lease = _lease,
                Guard = guard,
                ConnectMilliseconds = traffic?.ConnectMilliseconds ?? Dialing.Dial.ConnectTimeoutMilliseconds,
                IdleMilliseconds = traffic?.IdleMilliseconds ?? 0,
                IdlePolicy = traffic?.Rules?.Policy ?? "",
                Record = _record,
                Direction = TrafficDirectionNow,
            }.RunAsync();
        }
        catch (OperationCanceledException)
        {
            // The pod of either went this moment.
            upstream.Close();
            downstream?.Reset();
            _lease.End();
        }
    }

    private ConnectionSeries Series()
    {
        return _context.Metrics.Connections(_route.Labels(TrafficDirectionNow, TrafficProtocolNow, _endpoint, _decidedBy));
    }

    private TrafficDirection TrafficDirectionNow => _direction == Direction.Inbound ? TrafficDirection.Inbound
        : _dial is { Target.IsInboundLeg: true } ? TrafficDirection.Local : TrafficDirection.Outbound;

    private TrafficProtocol TrafficProtocolNow => Verdict == Verdict.Tls ? TrafficProtocol.Tls : TrafficProtocol.Opaque;

    private void Note()
    {
        if (_record is null)
        {
            return;
        }
        _record.Protocol = TrafficProtocolNow;
        _record.ServerName = _first.ServerName;
        _record.Route = _decidedBy.Length == 0 ? null : _decidedBy;
        if (_dial is not null)
        {
            _record.AttemptBegins(_dial.Target.Endpoint);
        }
    }

    // It comes to nothing. The client of a connection that could not be served sees a reset, as it would without the mesh.
    private void End(Reason reason)
    {
        var series = Series();
        series.Opened();
        series.Closed(reason);
        Note();
        _record?.Ended(TrafficDirectionNow, 0, null, reason);
        if (_dial is not null)
        {
            _dial.Abandon();
            _lease.End();
        }
        Leave();
        if (reason == Reason.None)
        {
            _downstream.Close();
        }
        else
        {
            _downstream.Reset();
        }
        _pod.CloseConnection();
        Loop.RemoveLoad();
    }

    private void Leave()
    {
        _isDone = true;
        _timer?.Stop();
        _delay?.Stop();
        _pod.Leave(this);
    }

    private static Verdict Remembered(Verdict verdict) => verdict == Verdict.ProxyRequest ? Verdict.Opaque : verdict;

    [LoggerMessage(EventName = "Relayed", Level = LogLevel.Debug, Message = "{Pod} {Direction}: {Client} to {Destination} goes to {Upstream} as {Verdict}, server name {ServerName}")]
    private static partial void LogRelay(ILogger logger, string pod, Direction direction, IPEndPoint client, IPEndPoint destination, IPEndPoint upstream, Verdict verdict, string? serverName);

    [LoggerMessage(EventName = "ConnectFailed", Level = LogLevel.Debug, Message = "{Pod}: {Upstream} could not be connected to (errno {Error})")]
    private static partial void LogConnectFailed(ILogger logger, string pod, IPEndPoint upstream, int error);

    [LoggerMessage(EventName = "OutOfSockets", Level = LogLevel.Warning, Message = "{Pod}: the agent sent no {Kind} socket in time; is it running?")]
    private static partial void LogOutOfSockets(ILogger logger, string pod, SocketKind kind);
}
