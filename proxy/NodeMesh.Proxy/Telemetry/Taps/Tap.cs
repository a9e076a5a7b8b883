using System.Diagnostics;
using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Telemetry.Taps;

/// <summary>Traffic that somebody watches.</summary>
/// <param name="told">Takes what is told; false: it has no room.</param>
internal sealed class Tap(ulong id, TapFilter filter, TimeProvider time, Func<Tap, TrafficRecord, bool> told)
{
    private readonly TokenBucket _rate = new(Math.Max(1, Stopwatch.Frequency / Math.Max(1, filter.PerSecond)), Math.Max(1, filter.PerSecond));
    private long _leftOut;

    public ulong Id => id;

    /// <summary>How many were left out since this was last asked.</summary>
    public ulong TakeLeftOut() => (ulong)Interlocked.Exchange(ref _leftOut, 0);

    public bool HasLeftOut => Volatile.Read(ref _leftOut) > 0;

    /// <summary>By what is known when a request comes.</summary>
    public bool MayWant(in RequestHead head) =>
        (filter.Method.Length == 0 || filter.Method == head.Method)
        && (filter.PathPrefix.Length == 0 || head.Path.StartsWith(filter.PathPrefix, StringComparison.Ordinal))
        && (filter.Header.Length == 0 || (head.Field(filter.Header) is { } value && (filter.HeaderValue.Length == 0 || value == filter.HeaderValue)));

    /// <summary>A connection that is no HTTP has nothing of what some filters ask for.</summary>
    public bool MayWantConnections => filter is { Method.Length: 0, PathPrefix.Length: 0, Header.Length: 0, Statuses.Count: 0 };

    /// <summary>It is over.</summary>
    public void Ended(TrafficRecord record)
    {
        if (IsAbout(record) && HasStatus(record.Status) && !(_rate.TryTake(time.GetTimestamp(), out _) && told(this, record)))
        {
            Interlocked.Increment(ref _leftOut);
        }
    }

    private bool IsAbout(TrafficRecord record) =>
        filter is { Pod.Length: 0, Service.Length: 0 }
        || (filter.Pod.Length > 0 && (record.Source?.Id == filter.Pod || record.Destination?.Id == filter.Pod))
        || (filter.Service.Length > 0 && record.Service == filter.Service);

    private bool HasStatus(int status)
    {
        foreach (var range in filter.Statuses)
        {
            if (status >= range.First && status <= range.Last)
            {
                return true;
            }
        }
        return filter.Statuses.Count == 0;
    }
}
