namespace NodeMesh.Proxy.Resilience;

/// <summary>
/// How many retries a Service bears: so many percent of the attempts of the last interval, and so many in a lesser one always. Counts are kept by
/// slices of the interval, and may be off by a few under many threads, which does no harm.
/// </summary>
/// <param name="frequency">Ticks per second of the times it is asked with.</param>
internal sealed class RetryBudget(Contract.RetryBudget rules, long frequency)
{
    private const int Slices = 10;

    private readonly long _slice = Math.Max(1, rules.IntervalMilliseconds * (frequency / 1000) / Slices);
    private readonly Slice[] _slices = [.. Enumerable.Range(0, Slices).Select(_ => new Slice())];
    private readonly TokenBucket _least = new(Math.Max(1, rules.MinIntervalMilliseconds * (frequency / 1000) / Math.Max(1, rules.MinRetries)), rules.MinRetries);

    /// <summary>A request is sent, for the first time or again.</summary>
    public void Attempted(long now) => Interlocked.Increment(ref Now(now).Attempts);

    /// <summary>False: there have been too many.</summary>
    public bool TryRetry(long now)
    {
        var turn = now / _slice;
        var (attempts, retries) = (0L, 0L);
        foreach (var slice in _slices)
        {
            if (turn - Volatile.Read(ref slice.Turn) < Slices)
            {
                attempts += Volatile.Read(ref slice.Attempts);
                retries += Volatile.Read(ref slice.Retries);
            }
        }
        if ((retries + 1) * 100 > rules.Percent * (attempts + 1) && !_least.TryTake(now, out _))
        {
            return false;
        }
        Interlocked.Increment(ref Now(now).Retries);
        return true;
    }

    private Slice Now(long now)
    {
        var turn = now / _slice;
        var slice = _slices[turn % Slices];
        var seen = Volatile.Read(ref slice.Turn);
        if (seen != turn && Interlocked.CompareExchange(ref slice.Turn, turn, seen) == seen)
        {
            Volatile.Write(ref slice.Attempts, 0);
            Volatile.Write(ref slice.Retries, 0);
        }
        return slice;
    }

    private sealed class Slice
    {
        public long Turn = -Slices;
        public int Attempts;
        public int Retries;
    }
}
