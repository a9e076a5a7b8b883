using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Demo.Screen;

/// <summary>What the screen shows at one moment.</summary>
/// <param name="ClientProcesses">The clients' process ids: the same before and after enrolment.</param>
/// <param name="Faults">What a key breaks; empty where nobody can type.</param>
/// <param name="Left">How long it goes on; null: until interrupted.</param>
internal sealed record DemoView(
    TrafficTotals Totals,
    IReadOnlyList<FlowRow> Rows,
    CanaryView Canary,
    CaptureProof Proof,
    IReadOnlyList<int> ClientProcesses,
    IReadOnlyList<FaultView> Faults,
    TimeSpan? Left);

/// <param name="Finds">The command that finds it; empty: it is not made.</param>
internal sealed record FaultView(char Key, string What, string Finds);
