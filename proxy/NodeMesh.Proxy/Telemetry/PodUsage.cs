namespace NodeMesh.Proxy.Telemetry;

/// <summary>
/// What one pod has had the proxy do, counted by whichever thread does it. Pods share the proxy's threads, and asking the kernel for the time of each
/// piece of work would cost more than most pieces do: so their shares go by what such work took where it was measured (docs/numbers.md).
/// </summary>
internal sealed class PodUsage
{
    private const long ConnectionNanoseconds = 70_000;
    private const long Http1Nanoseconds = 38_000;
    private const long Http2Nanoseconds = 28_000;
    private const long GrpcNanoseconds = 43_000;
    private const long TurnNanoseconds = 7_000;
    private const long BytesPerNanosecond = 3;

    private long _nanoseconds;
    private long _bytes;
    private long _buffered;

    /// <summary>CPU time that it would have taken where it was measured.</summary>
    public long Nanoseconds => Volatile.Read(ref _nanoseconds);

    /// <summary>Passed on in either direction.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Bytes held because whom they are for has no room for them yet.</summary>
    public long Buffered => Volatile.Read(ref _buffered);

    public void Accepted() => Interlocked.Add(ref _nanoseconds, ConnectionNanoseconds);

    public void Requested(TrafficProtocol protocol) => Interlocked.Add(ref _nanoseconds, protocol switch
    {
        TrafficProtocol.Http1 => Http1Nanoseconds,
        TrafficProtocol.Http2 => Http2Nanoseconds,
        _ => GrpcNanoseconds,
    });

    /// <summary>A relay had a turn, in which so many bytes passed and the number of those it holds changed by so many.</summary>
    public void Relayed(long bytes, long buffered)
    {
        Interlocked.Add(ref _nanoseconds, TurnNanoseconds);
        Moved(bytes);
        if (buffered != 0)
        {
            Interlocked.Add(ref _buffered, buffered);
        }
    }

    public void Moved(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _nanoseconds, bytes / BytesPerNanosecond);
    }
}
