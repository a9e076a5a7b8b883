using NodeMesh.Proxy.Accepting;
using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>What each captured pod costs the proxy that they share. Taken stock of at each scrape.</summary>
internal sealed class PodMetrics
{
    private static readonly string[] Labels = ["namespace", "pod"];

    private readonly Lock _scraping = new();
    private readonly PodTable _pods;
    private readonly Func<TimeSpan> _cpuTime;
    private readonly Counter _cpu;
    private readonly Counter _bytes;
    private readonly Gauge _connections;
    private readonly Gauge _buffered;
    private Dictionary<LocalPod, (long Nanoseconds, long Bytes)> _seen = [];
    private TimeSpan _spent;

    /// <param name="cpuTime">CPU time that the process has taken.</param>
    public PodMetrics(CollectorRegistry registry, PodTable pods, Func<TimeSpan> cpuTime)
    {
        (_pods, _cpuTime) = (pods, cpuTime);
        _spent = cpuTime();
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _cpu = metrics.CreateCounter(
            "nodemesh_pod_cpu_seconds_total", "CPU time of the proxy, shared out among the pods by the requests, connections and bytes they caused.", Labels);
        _bytes = metrics.CreateCounter("nodemesh_pod_bytes_total", "Bytes that the proxy passed on for connections it accepted from the pod or for it.", Labels);
        _connections = metrics.CreateGauge("nodemesh_pod_connections_open", "Connections that the proxy has accepted from the pod or for it.", Labels);
        _buffered = metrics.CreateGauge("nodemesh_pod_buffered_bytes", "Bytes of opaque connections that the proxy holds because their receiver has no room.", Labels);
        registry.AddBeforeCollectCallback(Fill);
    }

    private void Fill()
    {
        lock (_scraping)
        {
            var pods = _pods.All.ToList();
            var spent = _cpuTime();
            var now = pods.ToDictionary(pod => pod, pod => (pod.Usage.Nanoseconds, pod.Usage.Bytes));
            var done = pods.ToDictionary(pod => pod, pod => now[pod].Nanoseconds - _seen.GetValueOrDefault(pod).Nanoseconds);
            var all = done.Values.Sum();
            foreach (var pod in pods)
            {
                string[] labels = [pod.Namespace, pod.Name];
                if (all > 0)
                {
                    _cpu.WithLabels(labels).Inc((spent - _spent).TotalSeconds * done[pod] / all);
                }
                _bytes.WithLabels(labels).Inc(now[pod].Bytes - _seen.GetValueOrDefault(pod).Bytes);
            }
            if (all > 0)
            {
                _spent = spent;
            }
            foreach (var group in pods.GroupBy(pod => (pod.Namespace, pod.Name)))
            {
                _connections.WithLabels(group.Key.Namespace, group.Key.Name).Set(group.Sum(pod => pod.OpenConnections));
                _buffered.WithLabels(group.Key.Namespace, group.Key.Name).Set(group.Sum(pod => pod.Usage.Buffered));
            }
            Forget(pods);
            _seen = now;
        }
    }

    private void Forget(List<LocalPod> present)
    {
        var keep = present.Select(pod => (pod.Namespace, pod.Name)).ToHashSet();
        foreach (var labels in _connections.GetAllLabelValues().Where(labels => !keep.Contains((labels[0], labels[1]))).ToList())
        {
            _cpu.RemoveLabelled(labels);
            _bytes.RemoveLabelled(labels);
            _connections.RemoveLabelled(labels);
            _buffered.RemoveLabelled(labels);
        }
    }
}
