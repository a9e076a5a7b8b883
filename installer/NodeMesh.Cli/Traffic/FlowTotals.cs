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

    public LatencyHistogram Latency { get; private init; } = new();

    public double Opened { get; set; }

    public double Closed { get; set; }

    /// <summary>Of <see cref="Closed"/>: those the mesh had a reason to end.</summary>
    public double Broken { get; set; }

    /// <summary>By reason.</summary>
    public Dictionary<string, double> BrokenBy { get; private init; } = [];

    public double Sent { get; set; }

    public double Received { get; set; }

    public FlowTotals Since(FlowTotals? earlier) => earlier is null ? this : new FlowTotals
    {
        IsGrpc = IsGrpc,
        Requests = Requests - earlier.Requests,
        Succeeded = Succeeded - earlier.Succeeded,
        Failures = Difference(Failures, earlier.Failures),
        BrokenBy = Difference(BrokenBy, earlier.BrokenBy),
        Latency = Latency.Since(earlier.Latency),
        Opened = Opened - earlier.Opened,
        Closed = Closed - earlier.Closed,
        Broken = Broken - earlier.Broken,
        Sent = Sent - earlier.Sent,
        Received = Received - earlier.Received,
    };

    private static Dictionary<string, double> Difference(Dictionary<string, double> now, Dictionary<string, double> earlier) =>
        now.ToDictionary(count => count.Key, count => count.Value - earlier.GetValueOrDefault(count.Key));
}
