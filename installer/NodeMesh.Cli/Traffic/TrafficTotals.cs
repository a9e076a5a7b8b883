using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Traffic;

/// <summary>
/// A scrape of one agent or of several, by flow. A node counts what it sends and what it takes in; what both ends' nodes counted is told by the one that saw more
/// of it, which is both when they are one.
/// </summary>
internal sealed class TrafficTotals
{
    private readonly Dictionary<FlowKey, FlowTotals> _atSource = [];
    private readonly Dictionary<FlowKey, FlowTotals> _atDestination = [];
    private readonly Dictionary<(string Route, string Destination), double> _routed = [];

    public IReadOnlyDictionary<FlowKey, FlowTotals> Flows => field ??= Merge();

    /// <summary>Requests by the route that decided and the destination, as their sources' nodes counted them.</summary>
    public IReadOnlyDictionary<(string Route, string Destination), double> Routed => _routed;

    /// <summary>Connections the mesh has carried.</summary>
    public double Connections => Flows.Values.Sum(flow => flow.Opened);

    /// <summary>ebpf or iptables.</summary>
    public string CaptureMode { get; private set; } = "";

    public int PodsCaptured { get; private set; }

    public int PodsEnrolled { get; private set; }

    public static TrafficTotals From(IEnumerable<MetricSample> samples)
    {
        var totals = new TrafficTotals();
        foreach (var sample in samples)
        {
            totals.Add(sample);
        }
        return totals;
    }

    private void Add(MetricSample sample)
    {
        switch (sample.Name)
        {
            case "nodemesh_capture_info":
                CaptureMode = sample["mode"];
                break;
            case "nodemesh_pod_captured":
                PodsEnrolled++;
                PodsCaptured += sample.Value > 0 ? 1 : 0;
                break;
            default:
                if (FlowTotals.IsCounted(sample))
                {
                    Each(sample, flow => flow.Count(sample));
                }
                if (sample.Name == "nodemesh_http_requests_total" && sample["route"].Length > 0 && sample["direction"] != "inbound")
                {
                    var way = (sample["route"], sample["destination_workload"]);
                    _routed[way] = _routed.GetValueOrDefault(way) + sample.Value;
                }
                break;
        }
    }

    private void Each(MetricSample sample, Action<FlowTotals> count)
    {
        var key = new FlowKey(
            sample["source_namespace"],
            sample["source_workload"],
            sample["destination_namespace"],
            sample["destination_workload"],
            sample["destination_service"],
            sample["protocol"] is "grpc" ? "http2" : sample["protocol"]);
        if (sample["direction"] != "inbound")
        {
            count(Flow(_atSource, key));
        }
        if (sample["direction"] != "outbound")
        {
            count(Flow(_atDestination, key));
        }
    }

    private static FlowTotals Flow(Dictionary<FlowKey, FlowTotals> flows, FlowKey key) => flows.TryGetValue(key, out var flow) ? flow : flows[key] = new FlowTotals();

    private Dictionary<FlowKey, FlowTotals> Merge()
    {
        var flows = new Dictionary<FlowKey, FlowTotals>(_atSource);
        foreach (var (key, flow) in _atDestination)
        {
            if (!flows.TryGetValue(key, out var other) || flow.Requests + flow.Opened > other.Requests + other.Opened)
            {
                flows[key] = flow;
            }
        }
        return flows;
    }
}
