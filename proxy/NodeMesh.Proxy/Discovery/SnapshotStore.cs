using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>Holds the snapshot in force and applies deltas to it atomically.</summary>
internal sealed class SnapshotStore(TimeProvider time)
{
    private readonly Lock _applying = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile MeshSnapshot _current = MeshSnapshot.Empty;

    /// <summary>A snapshot is in force. Told on the thread that applied it.</summary>
    public event Action<MeshSnapshot>? Applied;

    public MeshSnapshot Current => _current;

    /// <summary>Completes with the first snapshot. Before it, no Service is known and traffic to one would be sent on unbalanced.</summary>
    public Task FirstApplied => _first.Task;

    /// <summary>Puts the snapshot that the delta leads to in force. A reader sees all of the delta or none of it.</summary>
    /// <exception cref="FormatException">The delta holds something that is no address. The snapshot in force stays.</exception>
    public void Apply(SnapshotDelta delta)
    {
        lock (_applying)
        {
            _current = SnapshotBuilder.Apply(_current, delta, time.GetTimestamp());
        }
        _first.TrySetResult();
        Applied?.Invoke(_current);
    }
}
