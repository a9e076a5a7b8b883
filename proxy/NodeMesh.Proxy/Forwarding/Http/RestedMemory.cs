namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Gives the kernel back what connections that rest have left behind, some 11 KB each. The collector runs when memory is asked for, which a proxy
/// without traffic does not do; and it keeps what it has cleared for later, unless told otherwise. That stops every thread for about 11 ms for each
/// 1,000 of them: it is done when many have gone to rest, few more do, and the proxy has next to nothing else to do.
/// </summary>
internal sealed class RestedMemory : IDisposable
{
    private const int Many = 500;
    private const int Few = 50;
    private const double NextToNothing = 0.05;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Func<TimeSpan> _processorTime;
    private readonly Action _collect;
    private ITimer? _timer;
    private TimeSpan _used;
    private int _rested;
    private int _seen;
    private int _collected;

    /// <param name="processorTime">What the process has used so far.</param>
    public RestedMemory(Func<TimeSpan> processorTime, Action collect)
    {
        (_processorTime, _collect) = (processorTime, collect);
        _used = processorTime();
    }

    /// <summary>Of this process, looked after from now on.</summary>
    public static RestedMemory Watched(TimeProvider time)
    {
        var memory = new RestedMemory(() => Environment.CpuUsage.TotalTime, () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));
        memory._timer = time.CreateTimer(static state => ((RestedMemory)state!).Look(), memory, Interval, Interval);
        return memory;
    }

    /// <summary>A connection has gone to rest. Any thread.</summary>
    public void Rested() => Interlocked.Increment(ref _rested);

    public void Dispose() => _timer?.Dispose();

    /// <summary>Two seconds have passed.</summary>
    public void Look()
    {
        var used = _processorTime();
        var share = (used - _used) / Interval;
        var rested = Volatile.Read(ref _rested);
        if (rested - _collected >= Many && rested - _seen < Few && share < NextToNothing)
        {
            _collected = rested;
            _collect();
        }
        (_used, _seen) = (used, rested);
    }
}
