using NodeMesh.Contract;

namespace NodeMesh.Agent.Rollouts;

/// <summary>What became of the requests to one backend since some time. For one thread at a time.</summary>
internal sealed class BackendWindow
{
    private readonly Dictionary<string, BackendCounts> _last = new(StringComparer.Ordinal);
    private readonly List<ulong> _durations = [];
    private IReadOnlyList<uint> _upper = [];

    public long Requests { get; private set; }

    public long Failures { get; private set; }

    /// <summary>Percent; null: there were none.</summary>
    public double? SuccessRate => Requests == 0 ? null : 100.0 * (Requests - Failures) / Requests;

    /// <summary>Adds what a proxy has counted since it was last heard of. Of one never heard of before, only what it counts from now on.</summary>
    /// <param name="source">Names the proxy's process.</param>
    /// <param name="counts">null: it has counted nothing yet.</param>
    public void Add(string source, BackendReport report, BackendCounts? counts)
    {
        counts ??= new BackendCounts();
        var isKnown = _last.TryGetValue(source, out var before);
        _last[source] = counts;
        if (!isKnown)
        {
            return;
        }
        // Another process by the same name began anew.
        before = counts.Requests < before!.Requests ? new BackendCounts() : before;
        _upper = report.UpperMilliseconds;
        Requests += (long)(counts.Requests - before.Requests);
        Failures += (long)(counts.Failures - before.Failures);
        for (var i = 0; i < counts.Durations.Count; i++)
        {
            if (_durations.Count <= i)
            {
                _durations.Add(0);
            }
            _durations[i] += counts.Durations[i] - (i < before.Durations.Count ? before.Durations[i] : 0);
        }
    }

    /// <summary>Counts from here on.</summary>
    public void Restart()
    {
        (Requests, Failures) = (0, 0);
        _durations.Clear();
    }

    /// <summary>The time in milliseconds that so much of all took at the most, read from buckets; null: there were none.</summary>
    public double? Percentile(double share)
    {
        var all = _durations.Aggregate(0UL, (sum, count) => sum + count);
        var wanted = share * all;
        var seen = 0.0;
        for (var i = 0; all > 0 && i < _durations.Count; i++)
        {
            if (seen + _durations[i] >= wanted && _durations[i] > 0)
            {
                var lower = i == 0 ? 0 : _upper[i - 1];
                return i >= _upper.Count ? lower : lower + ((_upper[i] - lower) * (wanted - seen) / _durations[i]);
            }
            seen += _durations[i];
        }
        return null;
    }
}
