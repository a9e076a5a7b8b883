namespace NodeMesh.Proxy.Resilience;

/// <summary>
/// A token bucket kept as one number, the time at which it will be full again (the generic cell rate algorithm): filling it costs nothing,
/// and taking a token is one compare-and-swap. Times are ticks of <see cref="TimeProvider.GetTimestamp"/>.
/// </summary>
/// <param name="perToken">Time in which one token comes.</param>
/// <param name="burst">Tokens in a full bucket.</param>
internal sealed class TokenBucket(long perToken, long burst)
{
    private long _fullAt = long.MinValue / 2;

    /// <summary>It has been left alone long enough to be as good as new.</summary>
    public bool IsFull(long now) => Volatile.Read(ref _fullAt) <= now;

    /// <param name="wait">How long until there is a token, when there is none.</param>
    public bool TryTake(long now, out long wait)
    {
        while (true)
        {
            var seen = Volatile.Read(ref _fullAt);
            var next = Math.Max(seen, now) + perToken;
            wait = next - now - (perToken * burst);
            if (wait > 0)
            {
                return false;
            }
            if (Interlocked.CompareExchange(ref _fullAt, next, seen) == seen)
            {
                return true;
            }
        }
    }

    /// <summary>Gives back a token that was taken in vain.</summary>
    public void Return() => Interlocked.Add(ref _fullAt, -perToken);
}
