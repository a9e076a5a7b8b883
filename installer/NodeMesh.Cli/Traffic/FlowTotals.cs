using System.Globalization;
using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Traffic;

/// <summary>What the mesh counted of one flow since it started.</summary>
internal sealed record FlowTotals
{
    public bool IsGrpc { get; set; }

    public double Requests { get; set; }

    public double Succeeded { get; set; }

    /// <summary>Requests that failed, by why: the reason of the mesh (as in nodemesh-error), else what the server answered (5xx, grpc-status 14), else aborted.</summary>
    public Dictionary<string, double> Failures { get; private init; } = [];

    /// <summary>Requests and connections, by what protected them: plaintext, app_tls, mesh_tls.</summary>
    public Dictionary<string, double> Secured { get; private init; } = [];

    public LatencyHistogram Latency { get; private init; } = new();

    public double Opened { get; set; }

    public double Closed { get; set; }

    /// <summary>Of <see cref="Closed"/>: those the mesh had a reason to end.</summary>
    public double Broken { get; set; }

    /// <summary>By reason.</summary>
    public Dictionary<string, double> BrokenBy { get; private init; } = [];

    public double Sent { get; set; }

    public double Received { get; set; }

    /// <summary>Whether a sample says anything of traffic.</summary>
    public static bool IsCounted(MetricSample sample) => sample.Name is "nodemesh_http_requests_total" or "nodemesh_http_request_duration_seconds_bucket"
        or "nodemesh_tcp_connections_opened_total" or "nodemesh_tcp_connections_closed_total" or "nodemesh_tcp_sent_bytes_total" or "nodemesh_tcp_received_bytes_total";

    /// <summary>Adds a sample.</summary>
    public void Count(MetricSample sample)
    {
        switch (sample.Name)
        {
            case "nodemesh_http_requests_total":
                var failure = Failure(sample);
                Requests += sample.Value;
                Secured[sample["security"]] = Secured.GetValueOrDefault(sample["security"]) + sample.Value;
                Succeeded += failure.Length == 0 ? sample.Value : 0;
                IsGrpc |= sample["protocol"] == "grpc";
                if (failure.Length > 0)
                {
                    Failures[failure] = Failures.GetValueOrDefault(failure) + sample.Value;
                }
                break;
            case "nodemesh_http_request_duration_seconds_bucket" when UpperBound(sample) is { } bound:
                Latency.Add(bound, sample.Value);
                break;
            case "nodemesh_tcp_connections_opened_total":
                Opened += sample.Value;
                Secured[sample["security"]] = Secured.GetValueOrDefault(sample["security"]) + sample.Value;
                break;
            case "nodemesh_tcp_connections_closed_total":
                Closed += sample.Value;
                if (sample["reason"].Length > 0)
                {
                    Broken += sample.Value;
                    BrokenBy[sample["reason"]] = BrokenBy.GetValueOrDefault(sample["reason"]) + sample.Value;
                }
                break;
            case "nodemesh_tcp_sent_bytes_total":
                Sent += sample.Value;
                break;
            case "nodemesh_tcp_received_bytes_total":
                Received += sample.Value;
                break;
        }
    }

    /// <summary>What was counted meanwhile; all of it where counting began anew (another proxy).</summary>
    public FlowTotals Since(FlowTotals? earlier) => earlier is null || earlier.Requests > Requests || earlier.Opened > Opened || earlier.Closed > Closed ? this : new FlowTotals
    {
        IsGrpc = IsGrpc,
        Requests = Requests - earlier.Requests,
        Succeeded = Succeeded - earlier.Succeeded,
        Failures = Difference(Failures, earlier.Failures),
        BrokenBy = Difference(BrokenBy, earlier.BrokenBy),
        Secured = Difference(Secured, earlier.Secured),
        Latency = Latency.Since(earlier.Latency),
        Opened = Opened - earlier.Opened,
        Closed = Closed - earlier.Closed,
        Broken = Broken - earlier.Broken,
        Sent = Sent - earlier.Sent,
        Received = Received - earlier.Received,
    };

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

    private static Dictionary<string, double> Difference(Dictionary<string, double> now, Dictionary<string, double> earlier) =>
        now.ToDictionary(count => count.Key, count => count.Value - earlier.GetValueOrDefault(count.Key));
}
