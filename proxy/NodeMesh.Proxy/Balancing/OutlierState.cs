using System.Diagnostics;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// Whether an endpoint fails again and again, and until when it is spared for it. Each time the same endpoint is ejected it stays out longer;
/// each time of the shortest length that it then does well takes one back. Counts may be off by a few under many threads, which does no harm.
/// </summary>
internal sealed class OutlierState
{
    private int _errors;
    private int _gatewayErrors;
    private int _ejections;
    private long _until = long.MinValue;

    public bool IsEjected(long now) => Volatile.Read(ref _until) > now;

    public void Succeeded(OutlierRules rules, long now)
    {
        Volatile.Write(ref _errors, 0);
        Volatile.Write(ref _gatewayErrors, 0);
        var ejections = Volatile.Read(ref _ejections);
        if (ejections > 0 && now - Volatile.Read(ref _until) > Ticks(rules.BaseEjectionMilliseconds))
        {
            Volatile.Write(ref _until, now);
            Volatile.Write(ref _ejections, ejections - 1);
        }
    }

    /// <param name="isGateway">It was not reached, or something on the way says so (502, 503, 504).</param>
    /// <returns>True: it has been ejected just now.</returns>
    public bool Failed(OutlierRules rules, bool isGateway, PortTraffic port, long now)
    {
        var errors = Interlocked.Increment(ref _errors);
        var gatewayErrors = 0;
        if (isGateway)
        {
            gatewayErrors = Interlocked.Increment(ref _gatewayErrors);
        }
        else
        {
            Volatile.Write(ref _gatewayErrors, 0);
        }
        var isOutlier = (rules.ConsecutiveErrors > 0 && errors >= rules.ConsecutiveErrors)
            || (rules.ConsecutiveGatewayErrors > 0 && gatewayErrors >= rules.ConsecutiveGatewayErrors);
        return isOutlier && Eject(rules, port, now);
    }

    /// <returns>False: it is already, or too many others are.</returns>
    public bool Eject(OutlierRules rules, PortTraffic port, long now)
    {
        if (IsEjected(now) || !port.MayEject(rules, now))
        {
            return false;
        }
        var time = Math.Min((ulong)rules.BaseEjectionMilliseconds * (ulong)Interlocked.Increment(ref _ejections), rules.MaxEjectionMilliseconds);
        Volatile.Write(ref _errors, 0);
        Volatile.Write(ref _gatewayErrors, 0);
        Volatile.Write(ref _until, now + Ticks(time));
        port.Ejected();
        return true;
    }

    private static long Ticks(ulong milliseconds) => (long)milliseconds * (Stopwatch.Frequency / 1000);
}
