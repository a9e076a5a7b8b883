using System.Diagnostics;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Security;
using RetryBudget = NodeMesh.Proxy.Resilience.RetryBudget;

namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// What one Service port has under way from this node, and the rules of its TrafficPolicy. It survives snapshots that keep the port, as the loads
/// of its endpoints do.
/// </summary>
internal sealed class PortTraffic
{
    // The time of which so many percent of the requests may be hedged, and in a tenth of which one always.
    private const uint HedgingMilliseconds = 10_000;

    private static int _last;

    private volatile TrafficRules? _rules;
    private volatile BackendTlsEntry? _tls;
    private volatile EndpointLoad[] _endpoints = [];
    private volatile PolicyScope? _service;
    private volatile RetryBudget? _hedges;
    private readonly PendingRequests _pending;
    private int _underWay;
    private int _retries;
    private int _turn;
    private int _ejections;
    private long _comparison;
    private volatile LocalPod? _user;
    private long _usedV4 = long.MinValue;
    private long _usedV6 = long.MinValue;

    public PortTraffic() => _pending = new PendingRequests(this);

    /// <summary>Tells it from every other of this process, and is not 0.</summary>
    public int Id { get; } = Interlocked.Increment(ref _last);

    /// <summary>null: the defaults.</summary>
    public TrafficRules? Rules => _rules;

    /// <summary>How the endpoints are to be spoken to; null: without TLS.</summary>
    public BackendTlsEntry? Tls => _tls;

    /// <summary>How long a connection to an endpoint may take to open; null: as long as any.</summary>
    public int? ConnectMilliseconds => _rules?.Timeouts is { ConnectMilliseconds: > 0 and var milliseconds } ? (int)milliseconds : null;

    /// <summary>How long nothing may pass; null: for ever.</summary>
    public int? IdleMilliseconds => _rules?.Timeouts is { IdleMilliseconds: > 0 and var milliseconds } ? (int)milliseconds : null;

    /// <summary>null: none is set.</summary>
    public RetryBudget? Budget => _service?.Budget;

    /// <summary>Whether requests stay where their session began, where no route says so; null: they don't.</summary>
    public SessionPersistence? Session => _service?.Session;

    /// <summary>Whose <see cref="Budget"/> and <see cref="Session"/> these are, as namespace/name.</summary>
    public string BackendPolicy => _service?.BackendPolicy ?? "";

    /// <summary>Those open for HTTP.</summary>
    public UpstreamConnections Connections { get; } = new();

    /// <summary>How many connections may be open; 0: any number.</summary>
    public uint MaxConnections => _rules?.MaxConnections ?? 0;

    /// <summary>How many requests may be sent to a second endpoint; null: none.</summary>
    public RetryBudget? Hedges => _hedges;

    /// <summary>Requests that wait for room, where the rules have them wait.</summary>
    public PendingRequests Pending => _pending;

    /// <summary>Requests, or connections relayed as bytes, that are under way.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    public int NextTurn() => Interlocked.Increment(ref _turn) & int.MaxValue;

    /// <param name="service">What is attached to the Service as a whole; null: nothing.</param>
    public void Apply(TrafficRules? rules, BackendTlsEntry? tls, PolicyScope? service, EndpointLoad[] endpoints)
    {
        if (rules?.Hedging is { } hedging ? !hedging.Equals(_rules?.Hedging) : _hedges is not null)
        {
            _hedges = rules?.Hedging is null ? null : new RetryBudget(
                new Contract.RetryBudget { Percent = rules.Hedging.Percent, IntervalMilliseconds = HedgingMilliseconds, MinRetries = 1, MinIntervalMilliseconds = HedgingMilliseconds / 10 },
                Stopwatch.Frequency);
        }
        _rules = rules;
        _tls = tls;
        _service = service;
        _endpoints = endpoints;
        _pending.WakeAll();
    }

    /// <summary>The pod that used its endpoints of that family last, if it was not long ago: health checks are made from there; null: nobody needs them.</summary>
    public LocalPod? UserSince(long milliseconds, AddressFamily family) =>
        Volatile.Read(ref family == AddressFamily.InterNetworkV6 ? ref _usedV6 : ref _usedV4) >= milliseconds ? _user : null;

    /// <summary>A pod of this node uses it; of interest only where there are health checks.</summary>
    public void UsedBy(LocalPod pod, AddressFamily family)
    {
        if (_rules?.HealthCheck is null)
        {
            return;
        }
        _user = pod;
        Volatile.Write(ref family == AddressFamily.InterNetworkV6 ? ref _usedV6 : ref _usedV4, Environment.TickCount64);
    }

    public void Begin() => Interlocked.Increment(ref _underWay);

    /// <summary>Begins, if the circuit is not open.</summary>
    /// <inheritdoc cref="IsOpen"/>
    public bool TryBegin(bool isRequest, bool holdsConnection)
    {
        var limit = Limit(isRequest, holdsConnection);
        if (limit == uint.MaxValue)
        {
            Begin();
            return true;
        }
        // A place is not taken to be given back: one that waits for it, and is woken meanwhile, would find none and wait for ever.
        for (int seen = UnderWay, before; seen < limit; seen = before)
        {
            before = Interlocked.CompareExchange(ref _underWay, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }
        }
        return false;
    }

    public void End()
    {
        Interlocked.Decrement(ref _underWay);
        _pending.WakeOne();
    }

    /// <summary>False: as many retries are under way as may be.</summary>
    public bool TryBeginRetry()
    {
        var limit = _rules?.MaxRetries ?? 0;
        if (Interlocked.Increment(ref _retries) <= limit || limit == 0)
        {
            return true;
        }
        Interlocked.Decrement(ref _retries);
        return false;
    }

    public void EndRetry() => Interlocked.Decrement(ref _retries);

    /// <summary>The circuit is open: nothing more is sent, lest what is slow is buried.</summary>
    /// <param name="isRequest">Else it is a connection relayed as bytes.</param>
    /// <param name="holdsConnection">It has a connection to itself as long as it is under way, which a request over HTTP/2 has not.</param>
    public bool IsOpen(bool isRequest, bool holdsConnection) => UnderWay >= Limit(isRequest, holdsConnection);

    /// <summary>An answer was judged: after each interval the endpoints' rates of success are compared, by whoever comes first.</summary>
    public void Judged(SuccessRateRules rules, OutlierRules outliers, long now)
    {
        var due = Volatile.Read(ref _comparison);
        if (now < due)
        {
            return;
        }
        var interval = rules.IntervalMilliseconds * (Stopwatch.Frequency / 1000);
        if (Interlocked.CompareExchange(ref _comparison, now + interval, due) == due && due != 0)
        {
            SuccessRates.Compare(_endpoints, rules, outliers, this, now);
        }
    }

    /// <summary>Endpoints that were ejected so far.</summary>
    public int Ejections => Volatile.Read(ref _ejections);

    /// <summary>One of its endpoints is spared from now on.</summary>
    public void Ejected() => Interlocked.Increment(ref _ejections);

    /// <summary>Whether one more endpoint may be spared, at this time.</summary>
    public bool MayEject(OutlierRules rules, long now)
    {
        var endpoints = _endpoints;
        var ejected = 1;
        foreach (var endpoint in endpoints)
        {
            ejected += endpoint.IsEjected(now) ? 1 : 0;
        }
        return ejected * 100L <= rules.MaxEjectionPercent * (long)endpoints.Length;
    }

    // The greatest number there is: no limit.
    private uint Limit(bool isRequest, bool holdsConnection)
    {
        var rules = _rules;
        return Math.Min(
            isRequest && rules is { MaxRequests: > 0 and var requests } ? requests : uint.MaxValue,
            holdsConnection && rules is { MaxConnections: > 0 and var connections } ? connections : uint.MaxValue);
    }
}
