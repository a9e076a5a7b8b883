using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Reporting;

internal sealed record WorkResult(Work Work, IReadOnlyList<SystemResult> Systems);
