using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Opaque;

/// <summary>
/// Passes the bytes of one connection on in both directions, for as long as both apps like: an end as an end, in each
/// direction by itself, and a reset as a reset. Lives on one loop.
/// </summary>
internal sealed class Relay : ILoopEvents, ILoopWork, IPodUser, IGuarded
{
    private readonly LoopSocket _downstream;
    private readonly LoopSocket _upstream;
    private readonly Pump _up;
    private readonly Pump _down;
    private readonly LocalPod _pod;
    private readonly LocalPod _dialed;
    private readonly ConnectionSeries _series;
    private readonly EndpointLease _lease;
    private readonly RelayGuard? _guard;
    private readonly int _idleMilliseconds;
    private readonly TrafficRecord? _record;
    private LoopTimer? _idle;
    private long _lastMoved;
    private int _kept;
    private bool _isQueued;
    private bool _isJudged;
    private bool _isDone;

    /// <param name="pod">The pod that accepted, and counts, the downstream.</param>
    /// <param name="dialed">The pod whose socket the upstream is; often the same.</param>
    /// <param name="lease">Is judged here: the endpoint failed if it resets the connection before it has sent a byte.</param>
    /// <param name="guard">null: no policy can come to forbid it.</param>
    /// <param name="idleMilliseconds">In which some byte must pass; 0: as long as both ends like.</param>
    /// <param name="record">Is told of its bytes and its end; null: nobody wants to know.</param>
    public Relay(LoopSocket downstream, LoopSocket upstream, LocalPod pod, LocalPod dialed, ConnectionSeries series, EndpointLease lease, RelayGuard? guard = null, int idleMilliseconds = 0, TrafficRecord? record = null)
    {
        (_downstream, _upstream, _pod, _dialed, _series, _lease, _guard) = (downstream, upstream, pod, dialed, series, lease, guard);
        _idleMilliseconds = idleMilliseconds;
        _record = record;
        _up = new Pump(downstream, upstream);
        _down = new Pump(upstream, downstream);
    }

    /// <summary>Of interest only with a record.</summary>
    public TrafficDirection Direction { get; init; }

    public void Start()
    {
        _series.Opened();
        if (!_pod.TryEnter(this) || (_dialed != _pod && !_dialed.TryEnter(this)))
        {
            End(Reason.PodGone);
            return;
        }
        _guard?.Guard.Enter(this);
        _downstream.IsReadable = true; // detection only peeked
        if (_downstream.Watch(this) != 0 || _upstream.Watch(this) != 0)
        {
            End(Reason.Overloaded);
            return;
        }
        if (_idleMilliseconds > 0)
        {
            _lastMoved = Environment.TickCount64;
            _downstream.Loop.StartTimer(_idle = new LoopTimer(OnLook), LookMilliseconds);
        }
        Run();
    }

    public void OnReady(LoopSocket socket) => Run();

    public void Continue()
    {
        _isQueued = false;
        Run();
    }

    public void Recheck(ConnectionGuard guard)
    {
        if (_guard!.IsForbidden())
        {
            _downstream.Loop.Post(() => End(Reason.Denied));
        }
    }

    public void OnFault(Exception exception) => End(Reason.Overloaded);

    public void OnPodGone() => _downstream.Loop.Post(() => End(Reason.PodGone));

    /// <summary>Whose limit on standing still it is, as namespace/name.</summary>
    public string IdlePolicy { get; init; } = "";

    // Looking now and then is cheaper than a deadline that moves with every byte.
    private int LookMilliseconds => Math.Max(1, _idleMilliseconds / 4);

    private void OnLook()
    {
        if (_isDone)
        {
            return;
        }
        if (Environment.TickCount64 - _lastMoved >= _idleMilliseconds)
        {
            _record?.DecidedBy("TrafficPolicy", IdlePolicy);
            End(Reason.TimeoutIdle);
        }
        else
        {
            _downstream.Loop.StartTimer(_idle!, LookMilliseconds);
        }
    }

    private void Run()
    {
        if (_isDone)
        {
            return;
        }
        var scratch = _downstream.Loop.Scratch;

        // Both, even if one fails: a server that answers and closes before it has read everything resets the
        // connection, and its answer is still there to be read.
        var up = _up.Run(scratch);
        var down = _down.Run(scratch);
        Count();
        if (up >= PumpResult.ReadFailed || down >= PumpResult.ReadFailed)
        {
            // The side that failed is the one read from, or the one written to.
            var isUpstream = up == PumpResult.WriteFailed || down == PumpResult.ReadFailed;
            End(isUpstream ? Reason.UpstreamReset : Reason.DownstreamReset);
        }
        else if (_up.IsDone && _down.IsDone)
        {
            End(Reason.None);
        }
        else if (_downstream.IsBroken || _upstream.IsBroken)
        {
            // A pump that waits for room on the other side does not read, and would learn of it too late.
            End(_upstream.IsBroken ? Reason.UpstreamReset : Reason.DownstreamReset);
        }
        else if ((up == PumpResult.HasMore || down == PumpResult.HasMore) && !_isQueued)
        {
            _isQueued = true;
            _downstream.Loop.Again(this);
        }
    }

    private void Count()
    {
        var sent = _up.TakeCount();
        if (sent > 0)
        {
            _series.Sent(sent);
        }
        var received = _down.TakeCount();
        if (_idle is not null && sent + received > 0)
        {
            _lastMoved = Environment.TickCount64;
        }
        if (received > 0)
        {
            _series.Received(received);
            Judge(isError: false);
        }
        if (_record is not null)
        {
            _record.Received(sent);
            _record.Sent(received);
        }
        var kept = _up.Kept + _down.Kept;
        _pod.Usage.Relayed(sent + received, kept - _kept);
        _kept = kept;
    }

    // That it was connected says little: the proxy of another node takes connections before it knows whether its pod does.
    private void Judge(bool isError)
    {
        if (!_isJudged)
        {
            _isJudged = true;
            _lease.Judged(isError, isGateway: isError);
        }
    }

    private void End(Reason reason)
    {
        if (_isDone)
        {
            return;
        }
        _isDone = true;
        if (reason is Reason.None or Reason.UpstreamReset)
        {
            Judge(isError: reason == Reason.UpstreamReset);
        }
        _idle?.Stop();
        _guard?.Guard.Leave(this);
        if (reason == Reason.None)
        {
            _downstream.Close();
            _upstream.Close();
        }
        else
        {
            _downstream.Reset();
            _upstream.Reset();
        }
        _up.Release();
        _down.Release();
        _pod.Usage.Relayed(0, -_kept);
        _pod.Leave(this);
        if (_dialed != _pod)
        {
            _dialed.Leave(this);
        }
        _pod.CloseConnection();
        _downstream.Loop.RemoveLoad();
        _lease.End();
        _series.Closed(reason);
        _record?.Ended(Direction, 0, null, reason);
    }
}
