using System.Globalization;
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

    public IReadOnlyDictionary<FlowKey, FlowTotals> Flows => field ??= Merge();

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
            case "nodemesh_http_requests_total":
                Each(sample, flow =>
                {
                    var failure = Failure(sample);
                    flow.Requests += sample.Value;
                    flow.Succeeded += failure.Length == 0 ? sample.Value : 0;
                    flow.IsGrpc |= sample["protocol"] == "grpc";
                    if (failure.Length > 0)
                    {
                        flow.Failures[failure] = flow.Failures.GetValueOrDefault(failure) + sample.Value;
                    }
                });
                break;
            case "nodemesh_http_request_duration_seconds_bucket" when UpperBound(sample) is { } bound:
                Each(sample, flow => flow.Latency.Add(bound, sample.Value));
                break;
            case "nodemesh_tcp_connections_opened_total":
                Each(sample, flow => flow.Opened += sample.Value);
                break;
            case "nodemesh_tcp_connections_closed_total":
                Each(sample, flow =>
                {
                    flow.Closed += sample.Value;
                    if (sample["reason"].Length > 0)
                    {
                        flow.Broken += sample.Value;
                        flow.BrokenBy[sample["reason"]] = flow.BrokenBy.GetValueOrDefault(sample["reason"]) + sample.Value;
                    }
                });
                break;
            case "nodemesh_tcp_sent_bytes_total":
                Each(sample, flow => flow.Sent += sample.Value);
                break;
            case "nodemesh_tcp_received_bytes_total":
                Each(sample, flow => flow.Received += sample.Value);
                break;
            case "nodemesh_capture_info":
                CaptureMode = sample["mode"];
                break;
            case "nodemesh_pod_captured":
                PodsEnrolled++;
                PodsCaptured += sample.Value > 0 ? 1 : 0;
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

    // Empty: it went well. Status 0: the client got no whole response. What the application answered with 4xx, it meant.
    private static string Failure(MetricSample sample) => sample switch
    {
        _ when sample["reason"].Length > 0 => sample["reason"],
        _ when sample["status"] == "0" => "aborted",
        _ when sample["status"] == "5xx" => "5xx",
        _ when sample["grpc_status"] is not ("" or "0") => $"grpc-status {sample["grpc_status"]}",
        _ => "",
    };

    private static double? UpperBound(MetricSample sample) => sample["le"] switch
    {
        "+Inf" => double.PositiveInfinity,
        var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound) => bound,
        _ => null,
    };
}
