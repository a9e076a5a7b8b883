using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>What became of what was to be told of traffic, beside the metrics.</summary>
internal sealed class TelemetryMetrics
{
    private readonly Counter _written;
    private readonly Counter _dropped;
    private readonly Counter _spans;
    private readonly Counter _spansDropped;

    public TelemetryMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _written = metrics.CreateCounter("nodemesh_access_log_lines_total", "Lines of access logs written, by where to: stdout, file, collector.", "sink");
        _dropped = metrics.CreateCounter(
            "nodemesh_access_log_dropped_total", "Lines of access logs lost, by where they were to go and why: full (it takes them too slowly), failed (it does not take them).", "sink", "reason");
        _spans = metrics.CreateCounter("nodemesh_trace_requests_total", "Sampled requests whose spans a collector has taken.");
        _spansDropped = metrics.CreateCounter("nodemesh_trace_dropped_total", "Sampled requests whose spans are lost, by why: full (the collector takes them too slowly), failed (it does not take them).", "reason");
    }

    public void SpansSent(int requests) => _spans.Inc(requests);

    /// <param name="reason">full or failed.</param>
    public void SpansDropped(string reason, int requests) => _spansDropped.WithLabels(reason).Inc(requests);

    /// <param name="sink">stdout, file or collector.</param>
    public void Written(string sink, int lines) => _written.WithLabels(sink).Inc(lines);

    /// <param name="sink">stdout, file or collector.</param>
    /// <param name="reason">full or failed.</param>
    public void Dropped(string sink, string reason, int lines = 1) => _dropped.WithLabels(sink, reason).Inc(lines);
}
