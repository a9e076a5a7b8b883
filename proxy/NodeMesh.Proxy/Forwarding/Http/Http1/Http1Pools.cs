using System.Collections.Concurrent;
using NodeMesh.Proxy.Accepting;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>The HTTP/1.1 upstream connections of one pod, by destination and by the client that the destination sees.</summary>
internal sealed class Http1Pools : IDisposable
{
    private const int SweepMilliseconds = 250;

    private readonly LocalPod _pod;
    private readonly ConcurrentDictionary<UpstreamKey, Http1Pool> _pools = new();
    private readonly ITimer _timer;
    private int _isSweeping;
    private volatile bool _isClosed;

    public Http1Pools(LocalPod pod, TimeProvider time)
    {
        _pod = pod;
        _timer = time.CreateTimer(static state => ((Http1Pools)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Http1Pool For(UpstreamTarget target)
    {
        if (target.Pool is { IsRetired: false } pool)
        {
            return pool;
        }
        pool = _pools.GetOrAdd(target.Key, static (_, of) => new Http1Pool(of.Pod, of.Traffic), (Pod: _pod, target.Traffic));
        target.Pool = pool;
        if (_isClosed)
        {
            pool.Close();
        }
        else if (Interlocked.Exchange(ref _isSweeping, 1) == 0)
        {
            SweepSoon();
        }
        return pool;
    }

    public void Dispose()
    {
        _isClosed = true;
        _timer.Dispose();
        foreach (var pool in _pools.Values)
        {
            pool.Close();
        }
    }

    // Pods that are idle cost nothing: the timer runs only while there are pools.
    private void Sweep()
    {
        var now = Environment.TickCount64;
        foreach (var entry in _pools)
        {
            if (entry.Value.Sweep(now))
            {
                _pools.TryRemove(entry);
            }
        }
        Volatile.Write(ref _isSweeping, 0);
        if (!_pools.IsEmpty && Interlocked.Exchange(ref _isSweeping, 1) == 0)
        {
            SweepSoon();
        }
    }

    private void SweepSoon() => _timer.Change(TimeSpan.FromMilliseconds(SweepMilliseconds), Timeout.InfiniteTimeSpan);
}
