using System.Collections.Concurrent;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.Proxy.Telemetry.Otlp;
using NodeMesh.Proxy.Telemetry.Taps;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding;

/// <summary>Takes the records that an access log would write.</summary>
internal sealed class RecordedTraffic : IAccessLogSink, ISpanSink
{
    private readonly ConcurrentQueue<TrafficRecord> _records = new();

    public IReadOnlyCollection<TrafficRecord> Records => _records;

    public TapTable Taps { get; } = new(TimeProvider.System);

    public TrafficObserver Observer(SnapshotStore store) => new(store, _ => this, _ => this, Taps, new TelemetryMetrics(new ProxyMetrics().Registry), TimeProvider.System, new Random(1));

    public void Write(AccessLogEntry log, TrafficRecord record) => _records.Enqueue(record);

    public void Write(TrafficRecord record) => _records.Enqueue(record);

    /// <summary>Has everything in the mesh logged.</summary>
    public static void Ask(SnapshotStore store, AccessLogRules? rules = null) => store.Apply(new SnapshotDelta
    {
        Version = store.Current.Version + 1,
        Policies = { new ScopedPolicies { Scope = "", AccessLog = rules ?? new AccessLogRules { Policy = "nodemesh-system/all", PerMillion = 1_000_000 } } },
    });

    /// <summary>The only record, which is made a moment after the response is out.</summary>
    public async Task<TrafficRecord> SingleAsync()
    {
        for (var turn = 0; _records.IsEmpty; turn++)
        {
            Assert.True(turn < 250, "nothing was recorded");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        return Assert.Single(_records);
    }
}
