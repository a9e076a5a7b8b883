using NodeMesh.Cli.Metrics;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Top;

/// <summary>What all agents counted until one moment, by row.</summary>
internal sealed class TopScrape
{
    private readonly Dictionary<string, FlowTotals> _flows = [];
    private readonly Dictionary<string, (double Cpu, double Bytes, double Open)> _pods = [];

    private TopScrape(long timestamp) => Timestamp = timestamp;

    public long Timestamp { get; }

    public static TopScrape Of(string by, IEnumerable<MetricSample> samples, long timestamp)
    {
        var scrape = new TopScrape(timestamp);
        scrape.Add(by, samples);
        return scrape;
    }

    /// <summary>What has happened since an earlier one, the busiest first.</summary>
    public IReadOnlyList<TopRow> Since(TopScrape earlier, TimeProvider time)
    {
        var seconds = Math.Max(0.001, time.GetElapsedTime(earlier.Timestamp, Timestamp).TotalSeconds);
        var flows = _flows.Select(flow => Row(flow.Key, flow.Value.Since(earlier._flows.GetValueOrDefault(flow.Key)), seconds));
        var pods = _pods.Select(pod =>
        {
            var before = earlier._pods.GetValueOrDefault(pod.Key);
            return new TopRow(pod.Key, 0, false, null, null, null, (pod.Value.Bytes - before.Bytes) / seconds, (pod.Value.Cpu - before.Cpu) / seconds, pod.Value.Open);
        });
        return [.. flows.Concat(pods).OrderByDescending(row => row.Cpu ?? row.Rate).ThenByDescending(row => row.BytesPerSecond).ThenBy(row => row.Name, StringComparer.Ordinal)];
    }

    private void Add(string by, IEnumerable<MetricSample> samples)
    {
        foreach (var sample in samples)
        {
            if (by == "pod")
            {
                AddPod(sample);
            }
            else if (FlowTotals.IsCounted(sample) && TopKey.Of(by, sample) is { } row)
            {
                (_flows.TryGetValue(row, out var flow) ? flow : _flows[row] = new FlowTotals()).Count(sample);
            }
        }
    }

    private static TopRow Row(string name, FlowTotals recent, double seconds)
    {
        var isRequests = recent.Requests > 0;
        var (ended, good) = isRequests ? (recent.Requests, recent.Succeeded) : (recent.Closed, recent.Closed - recent.Broken);
        return new TopRow(
            name, (isRequests ? recent.Requests : recent.Opened) / seconds, isRequests, ended > 0 ? good / ended : null, recent.Latency.Quantile(0.5), recent.Latency.Quantile(0.99),
            (recent.Sent + recent.Received) / seconds);
    }

    private void AddPod(MetricSample sample)
    {
        var name = $"{sample["namespace"]}/{sample["pod"]}";
        var pod = _pods.GetValueOrDefault(name);
        switch (sample.Name)
        {
            case "nodemesh_pod_cpu_seconds_total":
                _pods[name] = pod with { Cpu = pod.Cpu + sample.Value };
                break;
            case "nodemesh_pod_bytes_total":
                _pods[name] = pod with { Bytes = pod.Bytes + sample.Value };
                break;
            case "nodemesh_pod_connections_open":
                _pods[name] = pod with { Open = pod.Open + sample.Value };
                break;
        }
    }
}
