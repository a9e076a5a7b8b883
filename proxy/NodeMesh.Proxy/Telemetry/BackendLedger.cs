using System.Collections.Concurrent;
using Google.Protobuf;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>Counts what becomes of requests by backend, for the rules alone that a Rollout watches: what those backends share a workload with is counted elsewhere.</summary>
internal sealed class BackendLedger
{
    private readonly ConcurrentDictionary<(string Route, string Rule, string Service, uint Port), BackendCounter> _counters = new();

    public BackendCounter For(RouteRule rule, BackendPort backend) =>
        _counters.GetOrAdd((rule.Route, rule.Name, backend.Service, backend.Port), static _ => new BackendCounter());

    /// <summary>A <see cref="BackendReport"/>.</summary>
    public byte[] Export()
    {
        var report = new BackendReport();
        report.UpperMilliseconds.AddRange(BackendCounter.UpperMilliseconds.Select(bound => (uint)bound));
        foreach (var (key, counter) in _counters)
        {
            var counts = new BackendCounts
            {
                Route = key.Route, Rule = key.Rule, Service = key.Service, Port = key.Port, Requests = (ulong)counter.Requests, Failures = (ulong)counter.Failures,
            };
            counts.Durations.AddRange(counter.Durations);
            report.Backends.Add(counts);
        }
        return report.ToByteArray();
    }
}
