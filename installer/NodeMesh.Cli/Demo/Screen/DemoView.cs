using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Demo.Screen;

/// <summary>What the screen shows at one moment.</summary>
/// <param name="ClientProcesses">The clients' process ids: the same before and after enrolment.</param>
/// <param name="Left">How long it goes on; null: until interrupted.</param>
internal sealed record DemoView(
    TrafficTotals Totals,
    IReadOnlyList<FlowRow> Rows,
    CanaryView Canary,
    CaptureProof Proof,
    IReadOnlyList<int> ClientProcesses,
    TimeSpan? Left);
