using System.Collections.Concurrent;
using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>
/// All metrics of the proxy, in a registry of their own. Label sets are resolved to series once per connection or route and then kept by it.
/// Their number is capped: what comes beyond shares one series whose labels are all "overflow", and is counted.
/// </summary>
internal sealed class ProxyMetrics
{
    private const int DefaultMaxSeries = 10_000;

    // From what a request on one node costs at the least to what only a stuck one takes.
    private static readonly double[] Buckets =
        [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly ConcurrentDictionary<TrafficLabels, ConnectionSeries> _connections = new();
    private readonly ConcurrentDictionary<TrafficLabels, RequestSeries> _requests = new();
    private readonly Lock _creating = new();
    private readonly int _maxSeries;
    private readonly Counter _opened;
    private readonly Counter _closed;
    private readonly Gauge _open;
    private readonly Counter _sent;
    private readonly Counter _received;
    private readonly Counter _httpRequests;
    private readonly Histogram _httpDuration;
    private readonly Counter _detected;
    private readonly Counter _overflow;
    private readonly Counter _refused;
    private readonly Counter _retries;
    private readonly Counter _retriesRefused;
    private readonly Counter _mirrored;
    private readonly Counter _hedged;
    private ConnectionSeries? _overflowConnections;
    private RequestSeries? _overflowRequests;
    private int _count;

    public ProxyMetrics(int maxSeries = DefaultMaxSeries)
    {
        _maxSeries = maxSeries;
        var metrics = Metrics.WithCustomRegistry(_registry);
        // Otherwise every increment looks for a current trace.
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        var labels = TrafficLabels.Names;
        _opened = metrics.CreateCounter("nodemesh_tcp_connections_opened_total", "Connections accepted from a pod or for one.", labels);
        _closed = metrics.CreateCounter("nodemesh_tcp_connections_closed_total", "Connections that are over, by why the mesh ended them (empty: it did not).", [.. labels, "reason"]);
        _open = metrics.CreateGauge("nodemesh_tcp_connections_open", "Connections under way.", labels);
        _sent = metrics.CreateCounter("nodemesh_tcp_sent_bytes_total", "Bytes towards the destination.", labels);
        _received = metrics.CreateCounter("nodemesh_tcp_received_bytes_total", "Bytes from the destination.", labels);
        _httpRequests = metrics.CreateCounter("nodemesh_http_requests_total", "HTTP requests that are over, by the class of their status (0: aborted).", [.. labels, .. RequestSeries.OutcomeNames]);
        _httpDuration = metrics.CreateHistogram(
            "nodemesh_http_request_duration_seconds", "From the head of the request to the end of the response.", labels, new HistogramConfiguration { Buckets = Buckets });
        _detected = metrics.CreateCounter("nodemesh_detected_protocol_total", "Connections by the protocol that was declared or detected.", "protocol");
        _refused = metrics.CreateCounter("nodemesh_connections_refused_total", "Connections reset because the pod had too many open.", "pod");
        _retries = metrics.CreateCounter("nodemesh_http_retries_total", "Attempts beside the first, by route.", "route");
        _retriesRefused = metrics.CreateCounter(
            "nodemesh_http_retries_refused_total", "Attempts that a route would have made and a limit forbade, by route and limit: retry_budget, max_retries.", "route", "limit");
        _mirrored = metrics.CreateCounter("nodemesh_http_mirrored_total", "Copies of requests, by route and what became of them: answered, failed, dropped.", "route", "result");
        _hedged = metrics.CreateCounter(
            "nodemesh_http_hedged_total", "Requests sent to a second endpoint because their answer was late, by Service and what became of that: won, lost; refused: over the policy's share.", "service", "result");
        Policies = new PolicyMetrics(_registry);
        _overflow = metrics.CreateCounter("nodemesh_metrics_overflow_total", "Times that traffic was counted under the labels \"overflow\" because there are too many series.");
    }

    /// <summary>How the backends of measured rules do; no series of their own, since they are asked for by the agent alone.</summary>
    public BackendLedger Backends { get; } = new();

    /// <summary>What policies did.</summary>
    public PolicyMetrics Policies { get; }

    /// <summary>For other counters of the proxy, so that one scrape has them all.</summary>
    public CollectorRegistry Registry => _registry;

    /// <summary>The series for connections with these labels. The caller keeps it.</summary>
    public ConnectionSeries Connections(in TrafficLabels labels)
    {
        if (_connections.TryGetValue(labels, out var series))
        {
            return series;
        }
        lock (_creating)
        {
            if (_connections.TryGetValue(labels, out series))
            {
                return series;
            }
            if (!MayAdd())
            {
                return _overflowConnections ??= NewConnections(OverflowLabels());
            }
            return _connections[labels] = NewConnections(labels.Values());
        }
    }

    /// <summary>The series for requests with these labels. The caller keeps it.</summary>
    public RequestSeries Requests(in TrafficLabels labels)
    {
        if (_requests.TryGetValue(labels, out var series))
        {
            return series;
        }
        lock (_creating)
        {
            if (_requests.TryGetValue(labels, out series))
            {
                return series;
            }
            if (!MayAdd())
            {
                return _overflowRequests ??= NewRequests(OverflowLabels());
            }
            return _requests[labels] = NewRequests(labels.Values());
        }
    }

    /// <param name="protocol">One of a fixed few words.</param>
    public void Detected(string protocol) => _detected.WithLabels(protocol).Inc();

    /// <param name="pod">Its id.</param>
    public Counter.Child ConnectionsRefused(string pod) => _refused.WithLabels(pod);

    public void Retried(string route) => _retries.WithLabels(route).Inc();

    /// <param name="limit">retry_budget or max_retries.</param>
    public void RetryRefused(string route, string limit) => _retriesRefused.WithLabels(route, limit).Inc();

    /// <param name="result">answered, failed or dropped.</param>
    public void Mirrored(string route, string result) => _mirrored.WithLabels(route, result).Inc();

    /// <param name="result">won, lost or refused.</param>
    public void Hedged(string service, string result) => _hedged.WithLabels(service, result).Inc();

    /// <summary>All metrics as text.</summary>
    public async Task<byte[]> ExportAsync(ExpositionFormat format, CancellationToken cancellation)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, format, cancellation);
        return text.ToArray();
    }

    private bool MayAdd()
    {
        if (_count < _maxSeries)
        {
            _count++;
            return true;
        }
        _overflow.Inc();
        return false;
    }

    private static string[] OverflowLabels()
    {
        var labels = new string[TrafficLabels.Names.Length];
        Array.Fill(labels, "overflow");
        return labels;
    }

    private ConnectionSeries NewConnections(string[] labels) => new(labels, _opened, _closed, _open, _sent, _received);

    private RequestSeries NewRequests(string[] labels) => new(labels, _httpRequests, _httpDuration);
}
