using NodeMesh.Contract;

namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// What one Service port has under way from this node, and the rules of its TrafficPolicy. It survives snapshots that keep the port, as the loads
/// of its endpoints do.
/// </summary>
internal sealed class PortTraffic
{
    private volatile TrafficRules? _rules;
    private volatile EndpointLoad[] _endpoints = [];
    private int _underWay;
    private int _turn;

    /// <summary>null: the defaults.</summary>
    public TrafficRules? Rules => _rules;

    /// <summary>Requests, or connections relayed as bytes, that are under way.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    public int NextTurn() => Interlocked.Increment(ref _turn) & int.MaxValue;

    public void Apply(TrafficRules? rules, EndpointLoad[] endpoints)
    {
        _rules = rules;
        _endpoints = endpoints;
    }

    public void Begin() => Interlocked.Increment(ref _underWay);

    public void End() => Interlocked.Decrement(ref _underWay);

    /// <summary>The circuit is open: nothing more is sent, lest what is slow is buried.</summary>
    public bool IsOpen(bool isRequest)
    {
        var limit = _rules is not { } rules ? 0 : isRequest ? rules.MaxRequests : rules.MaxConnections;
        return limit > 0 && UnderWay >= limit;
    }

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
}
