using NodeMesh.Contract;

namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// The live load of one endpoint as this proxy sees it: requests (or opaque connections) under way, and peak EWMA of latency:
/// slower answers count at once, faster ones by and by. Unused, the estimate decays towards nothing, so that an endpoint
/// that was slow is tried again. Lock-free: the estimate and its age are one 64-bit word.
/// </summary>
/// <param name="now">Timestamp (<see cref="TimeProvider.GetTimestamp"/>) it starts at, with <see cref="DefaultLatency"/>.</param>
/// <param name="port">Of which Service port it is an endpoint.</param>
internal sealed class EndpointLoad(long now, PortTraffic? port = null)
{
    /// <summary>
    /// After this long without a sample, 1/e of the estimate is left. Finagle and Linkerd take 10 s; of two endpoints, one that
    /// was slow for a moment (a cold start) would then get nothing for half a minute.
    /// </summary>
    public const double DecayMicroseconds = 2_000_000;

    /// <summary>One answer raises the estimate to this multiple at most: one may be slow by chance, three in a row are not.</summary>
    public const double SteepestRise = 4;

    /// <summary>What an endpoint is taken to need before it has answered once: high, so that a new one is not flooded.</summary>
    public const float DefaultLatency = 30_000;

    /// <summary>
    /// Latencies below this are taken as equal. A few milliseconds are the noise of scheduler and network, not the endpoint's load,
    /// and must not send everything to one of two equal endpoints.
    /// </summary>
    public const float LatencyFloor = 5_000;

    /// <summary>Less would leave a new endpoint without any traffic that could show what it can do.</summary>
    public const double LeastRamp = 0.1;

    /// <summary>What a failed connect counts as: a refusal is quick, and must not look attractive.</summary>
    public const float FailureLatency = 300_000;

    // Low half: microseconds (float). High half: timestamp in units of 64 microseconds, which wraps after three days:
    // an estimate of that age is then taken for a young one, which costs one wrong guess.
    private long _estimate = Pack(DefaultLatency, Ticks(now));
    private readonly OutlierState _outlier = new();
    private long _since = now;
    private long _succeeded = long.MinValue;
    private volatile bool _isUnwell;
    private int _pending;
    private int _successes;
    private int _failures;

    /// <summary>Of which Service port it is an endpoint; null in tests alone.</summary>
    public PortTraffic? Port => port;

    public int Pending => Volatile.Read(ref _pending);

    /// <summary>It failed again and again, and is to be spared.</summary>
    public bool IsEjected(long now) => _outlier.IsEjected(now);

    /// <summary>It fails when it is asked whether it is well.</summary>
    public bool IsUnwell => _isUnwell;

    /// <summary>It is to get nothing, for either reason.</summary>
    public bool IsSpared(long now) => _isUnwell || _outlier.IsEjected(now);

    /// <summary>Health checks say so. One that is well again begins anew.</summary>
    public void Set(bool isUnwell, long now)
    {
        if (_isUnwell && !isUnwell)
        {
            Volatile.Write(ref _since, now);
        }
        _isUnwell = isUnwell;
    }

    /// <summary>Whether it has done what it was asked since then; known only where there are health checks.</summary>
    public bool HasSucceededSince(long time) => Volatile.Read(ref _succeeded) >= time;

    public void Begin()
    {
        Interlocked.Increment(ref _pending);
        port?.Begin();
    }

    /// <summary>Begins, if its port has room.</summary>
    /// <inheritdoc cref="PortTraffic.IsOpen"/>
    public bool TryBegin(bool isRequest, bool holdsConnection)
    {
        if (port?.TryBegin(isRequest, holdsConnection) == false)
        {
            return false;
        }
        Interlocked.Increment(ref _pending);
        return true;
    }

    public void End()
    {
        Interlocked.Decrement(ref _pending);
        port?.End();
    }

    /// <summary>It did what it was asked.</summary>
    public void Succeeded(long now)
    {
        if (port?.Rules is { HealthCheck: not null })
        {
            Volatile.Write(ref _succeeded, now);
        }
        if (port?.Rules?.Outliers is { } rules)
        {
            _outlier.Succeeded(rules, now);
            if (rules.SuccessRate is { } rate)
            {
                port.Judged(rate, rules, now);
                Interlocked.Increment(ref _successes);
            }
        }
    }

    /// <param name="isGateway">It was not reached, or says that something behind it was not.</param>
    public void FailedAs(bool isGateway, long now)
    {
        if (port?.Rules?.Outliers is { } rules)
        {
            _outlier.Failed(rules, isGateway, port, now);
            if (rules.SuccessRate is { } rate)
            {
                port.Judged(rate, rules, now);
                Interlocked.Increment(ref _failures);
            }
        }
    }

    /// <summary>It does worse than the others.</summary>
    public void Eject(OutlierRules rules, long now) => _outlier.Eject(rules, port!, now);

    /// <summary>How often it did what it was asked, and how often not, since this was last asked.</summary>
    public (int Successes, int Failures) TakeJudgements() => (Interlocked.Exchange(ref _successes, 0), Interlocked.Exchange(ref _failures, 0));

    /// <summary>The part of its share that an endpoint has which began so long ago: all of it after the window, and never less than a tenth.</summary>
    public double Ramp(long window, long now) => Math.Clamp((now - Volatile.Read(ref _since)) / (double)window, LeastRamp, 1);

    /// <summary>What one more request would meet: latency times the number then under way.</summary>
    public double At(long now)
    {
        var (latency, stamp) = Unpack(Volatile.Read(ref _estimate));
        return Math.Max(latency * Weight(stamp, Ticks(now)), LatencyFloor) * (Pending + 1.0);
    }

    /// <summary>Takes the latency of an answer into account.</summary>
    public void Observe(double microseconds, long now) => Take(microseconds, now, SteepestRise);

    /// <summary>Takes into account that there was no answer, after this long.</summary>
    public void ObserveFailure(double microseconds, long now) => Take(Math.Max(microseconds, FailureLatency), now, double.PositiveInfinity);

    private void Take(double microseconds, long now, double steepestRise)
    {
        var ticks = Ticks(now);
        while (true)
        {
            var seen = Volatile.Read(ref _estimate);
            var (latency, stamp) = Unpack(seen);
            var weight = Weight(stamp, ticks);
            var rise = Math.Max(latency * weight, LatencyFloor) * steepestRise;
            var next = microseconds >= latency ? Math.Min(microseconds, rise) : (latency * weight) + (microseconds * (1 - weight));
            if (Interlocked.CompareExchange(ref _estimate, Pack((float)next, ticks), seen) == seen)
            {
                return;
            }
        }
    }

    private static double Weight(uint from, uint to)
    {
        // Another thread's stamp may be a little ahead of this one's clock: then no time has passed.
        var age = (int)(to - from);
        return age <= 0 ? 1 : Math.Exp(age * 64 / -DecayMicroseconds);
    }

    private static uint Ticks(long timestamp) => (uint)(timestamp / (System.Diagnostics.Stopwatch.Frequency / 15_625));

    private static long Pack(float latency, uint stamp) => ((long)stamp << 32) | BitConverter.SingleToUInt32Bits(latency);

    private static (float Latency, uint Stamp) Unpack(long word) => (BitConverter.UInt32BitsToSingle((uint)word), (uint)(word >> 32));
}
