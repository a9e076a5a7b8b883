using NodeMesh.Agent.Compiler;

namespace NodeMesh.Agent.Serving;

/// <summary>The compiled mesh that proxies shall have, with its version. Written by the control loop, read by the config channel.</summary>
internal sealed class SnapshotPublisher
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (ulong Version, MeshSnapshotContent Content) _current = (0, MeshSnapshotContent.Empty);

    public (ulong Version, MeshSnapshotContent Content) Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    public void Publish(ulong version, MeshSnapshotContent content)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _current = (version, content);
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        changed.SetResult();
    }

    /// <summary>Waits until the version is another than <paramref name="known"/>.</summary>
    public async Task<(ulong Version, MeshSnapshotContent Content)> NextAsync(ulong known, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_current.Version != known)
                {
                    return _current;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }
}
