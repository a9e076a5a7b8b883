using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>One exporter for each collector that policies name, made when it is first needed.</summary>
internal sealed class OtlpExporters(SnapshotStore store, LoadBalancer balancer, TelemetryMetrics metrics, TimeProvider time, ILoggerFactory loggers)
{
    // Whoever may write policies must not have the proxy keep any number of queues.
    private const int Most = 64;

    private readonly ConcurrentDictionary<OtlpCollector, OtlpExporter> _exporters = new();
    private readonly Lock _making = new();

    /// <summary>null: there are too many already.</summary>
    public OtlpExporter? For(OtlpCollector collector)
    {
        if (_exporters.TryGetValue(collector, out var exporter))
        {
            return exporter;
        }
        lock (_making)
        {
            if (_exporters.Count >= Most)
            {
                return _exporters.GetValueOrDefault(collector);
            }
            return _exporters.GetOrAdd(collector, _ =>
            {
                var made = new OtlpExporter(collector, new OtlpTransport(collector, store, balancer), metrics, time, loggers.CreateLogger<OtlpExporter>());
                made.Start();
                return made;
            });
        }
    }
}
