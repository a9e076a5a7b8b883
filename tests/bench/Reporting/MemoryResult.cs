using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Reporting;

internal sealed record MemoryResult(string System, IdleMemory Opaque, IdleMemory? Http)
{
    public string? Error => Opaque.Error ?? Http?.Error;
}
