using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Demo.Traffic;

/// <summary>What the mesh counted of one flow since it started.</summary>
internal sealed record FlowTotals
{
    public bool IsGrpc { get; set; }

    public double Requests { get; set; }

    public double Succeeded { get; set; }

    public LatencyHistogram Latency { get; private init; } = new();

    public double Opened { get; set; }

    public double Closed { get; set; }

    /// <summary>Of <see cref="Closed"/>: those the mesh had a reason to end.</summary>
    public double Broken { get; set; }

    public double Sent { get; set; }

    public double Received { get; set; }

    public FlowTotals Since(FlowTotals? earlier) => earlier is null ? this : new FlowTotals
    {
        IsGrpc = IsGrpc,
        Requests = Requests - earlier.Requests,
        Succeeded = Succeeded - earlier.Succeeded,
        Latency = Latency.Since(earlier.Latency),
        Opened = Opened - earlier.Opened,
        Closed = Closed - earlier.Closed,
        Broken = Broken - earlier.Broken,
        Sent = Sent - earlier.Sent,
        Received = Received - earlier.Received,
    };
}
