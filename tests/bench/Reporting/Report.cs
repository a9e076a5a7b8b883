using NodeMesh.Bench.Observers;
using NodeMesh.Bench.Scale;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Reporting;

internal sealed record Report(
    MachineFacts Machine,
    double Seconds,
    int Rounds,
    int IdleConnections,
    IReadOnlyList<MeasuredSystem> Systems,
    IReadOnlyList<WorkResult> Works,
    IReadOnlyList<MemoryResult> Memory,
    IReadOnlyList<ScaleResult> Scale,
    ObserverReport? Observers = null);
