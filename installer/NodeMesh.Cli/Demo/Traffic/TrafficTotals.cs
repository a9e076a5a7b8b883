using System.Globalization;
using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Demo.Traffic;

/// <summary>A scrape of the agent, by flow.</summary>
internal sealed class TrafficTotals
{
    private readonly Dictionary<FlowKey, FlowTotals> _flows = [];

    public IReadOnlyDictionary<FlowKey, FlowTotals> Flows => _flows;

    /// <summary>Connections the mesh has carried.</summary>
    public double Connections => _flows.Values.Sum(flow => flow.Opened);

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
                Flow(sample).Requests += sample.Value;
                Flow(sample).Succeeded += IsSuccess(sample) ? sample.Value : 0;
                Flow(sample).IsGrpc |= sample["protocol"] == "grpc";
                break;
            case "nodemesh_http_request_duration_seconds_bucket" when UpperBound(sample) is { } bound:
                Flow(sample).Latency.Add(bound, sample.Value);
                break;
            case "nodemesh_tcp_connections_opened_total":
                Flow(sample).Opened += sample.Value;
                break;
            case "nodemesh_tcp_connections_closed_total":
                Flow(sample).Closed += sample.Value;
                Flow(sample).Broken += sample["reason"].Length > 0 ? sample.Value : 0;
                break;
            case "nodemesh_tcp_sent_bytes_total":
                Flow(sample).Sent += sample.Value;
                break;
            case "nodemesh_tcp_received_bytes_total":
                Flow(sample).Received += sample.Value;
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

    private FlowTotals Flow(MetricSample sample)
    {
        var service = sample["destination_service"];
        var key = new FlowKey(
            sample["source_workload"],
            sample["destination_workload"],
            service[(service.IndexOf('/') + 1)..],
            sample["protocol"] is "grpc" ? "http2" : sample["protocol"]);
        return _flows.TryGetValue(key, out var flow) ? flow : _flows[key] = new FlowTotals();
    }

    // Status 0: the client got no whole response. What the application answered with 4xx, it meant.
    private static bool IsSuccess(MetricSample sample) =>
        sample["status"] is not ("0" or "5xx") && sample["grpc_status"] is "" or "0" && sample["reason"].Length == 0;

    private static double? UpperBound(MetricSample sample) => sample["le"] switch
    {
        "+Inf" => double.PositiveInfinity,
        var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound) => bound,
        _ => null,
    };
}
