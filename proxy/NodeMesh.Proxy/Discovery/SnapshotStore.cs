using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>Holds the snapshot in force and applies deltas to it atomically.</summary>
internal sealed class SnapshotStore
{
    public MeshSnapshot Current { get; } = new();

    public void Apply(SnapshotDelta delta) => throw new NotSupportedException($"{Current} {delta}");
}
