using NodeMesh.Proxy.Telemetry;
using Prometheus;

namespace NodeMesh.Proxy.Detection;

/// <summary>How detection went, over all pods.</summary>
internal sealed class DetectionCounters
{
    private readonly ProxyMetrics _metrics;
    private readonly Counter.Child _used;
    private readonly Counter.Child _wasted;
    private readonly Counter.Child _serverFirst;
    private readonly Counter.Child _silent;

    public DetectionCounters(ProxyMetrics metrics)
    {
        _metrics = metrics;
        var factory = Metrics.WithCustomRegistry(metrics.Registry);
        var dials = factory.CreateCounter(
            "nodemesh_early_dials_total", "Upstreams dialled before the client had spoken, by whether the connection was used.", "used");
        _used = dials.WithLabels("true");
        _wasted = dials.WithLabels("false");
        var undecided = factory.CreateCounter(
            "nodemesh_undetected_connections_total", "Connections taken as opaque without a byte from the client, by why.", "because");
        _serverFirst = undecided.WithLabels("server_spoke_first");
        _silent = undecided.WithLabels("client_silent");
    }

    public void EarlyDial(bool used) => (used ? _used : _wasted).Inc();

    public void ServerSpokeFirst() => _serverFirst.Inc();

    public void ClientSilent() => _silent.Inc();

    public void Detected(Verdict verdict) => _metrics.Detected(verdict switch
    {
        Verdict.Http1 => "http1",
        Verdict.Http2 => "http2",
        Verdict.Tls => "tls",
        _ => "opaque",
    });
}
