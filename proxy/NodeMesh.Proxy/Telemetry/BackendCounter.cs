namespace NodeMesh.Proxy.Telemetry;

/// <summary>What became of the requests that one backend of a measured rule was sent. Any number of threads.</summary>
internal sealed class BackendCounter
{
    private readonly long[] _durations = new long[UpperMilliseconds.Length + 1];
    private long _requests;
    private long _failures;

    /// <summary>Upper bounds of the buckets, a fifth apart: a percentile read from them is wrong by no more.</summary>
    public static int[] UpperMilliseconds { get; } = Bounds();

    public long Requests => Volatile.Read(ref _requests);

    public long Failures => Volatile.Read(ref _failures);

    public IEnumerable<ulong> Durations => _durations.Select((_, index) => (ulong)Volatile.Read(ref _durations[index]));

    public void Done(bool failed, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _requests);
        if (failed)
        {
            Interlocked.Increment(ref _failures);
        }
        var index = Array.BinarySearch(UpperMilliseconds, (int)Math.Min(Math.Ceiling(elapsed.TotalMilliseconds), int.MaxValue));
        Interlocked.Increment(ref _durations[index < 0 ? ~index : index]);
    }

    private static int[] Bounds()
    {
        const double Growth = 1.2;
        const int Longest = 120_000;
        var bounds = new List<int> { 1 };
        while (bounds[^1] < Longest)
        {
            bounds.Add(Math.Max(bounds[^1] + 1, (int)(bounds[^1] * Growth)));
        }
        return [.. bounds];
    }
}
