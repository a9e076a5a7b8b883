using System.Globalization;
using NodeMesh.Proxy.Discovery;
using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>Which endpoints are spared for failing, as the balancer holds it. Taken stock of at each scrape; which endpoint it is, the log says.</summary>
internal sealed class OutlierMetrics
{
    private static readonly string[] Labels = ["service", "port"];

    private readonly Lock _scraping = new();
    private readonly SnapshotStore _store;
    private readonly TimeProvider _time;
    private readonly Gauge _ejected;
    private readonly Counter _ejections;

    public OutlierMetrics(CollectorRegistry registry, SnapshotStore store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _ejected = metrics.CreateGauge("nodemesh_ejected_endpoints", "Endpoints that get nothing from this node because their answers made them outliers.", Labels);
        _ejections = metrics.CreateCounter("nodemesh_outlier_ejections_total", "Times that an endpoint was ejected as an outlier.", Labels);
        registry.AddBeforeCollectCallback(Fill);
    }

    private void Fill()
    {
        lock (_scraping)
        {
            var now = _time.GetTimestamp();
            var present = new HashSet<(string, string)>();
            foreach (var port in _store.Current.Services.Values.SelectMany(service => service.Ports).Where(port => port.Traffic.Rules?.Outliers is not null))
            {
                var number = port.Port.ToString(CultureInfo.InvariantCulture);
                present.Add((port.Service, number));
                _ejected.WithLabels(port.Service, number).Set(port.Endpoints.Count(endpoint => endpoint.Load.IsEjected(now)));
                _ejections.WithLabels(port.Service, number).IncTo(port.Traffic.Ejections);
            }
            foreach (var labels in _ejected.GetAllLabelValues().Where(labels => !present.Contains((labels[0], labels[1]))).ToList())
            {
                _ejected.RemoveLabelled(labels);
                _ejections.RemoveLabelled(labels);
            }
        }
    }
}
