using System.Collections.Immutable;

namespace NodeMesh.TestApiServer.Storage;

/// <summary>The objects of one type, every state since the last compaction, and who waits for the next.</summary>
public sealed class TypeStore
{
    private readonly List<StoredEvent> _log = [];
    private TaskCompletionSource _changed = New();

    public ImmutableSortedDictionary<string, StoredObject> Objects { get; private set; } =
        ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal);

    /// <summary>Events up to this version are forgotten.</summary>
    public long Compacted { get; private set; }

    /// <summary>Completes with the next change.</summary>
    public Task Changed => _changed.Task;

    public void Add(StoredEvent change)
    {
        Objects = change.After is { } now ? Objects.SetItem(now.Key, now) : Objects.Remove(change.Before!.Key);
        _log.Add(change);
        Wake();
    }

    public IReadOnlyList<StoredEvent> Since(long version)
    {
        var from = _log.Count;
        while (from > 0 && _log[from - 1].Version > version)
        {
            from--;
        }
        return _log.GetRange(from, _log.Count - from);
    }

    public void Compact(long version)
    {
        _log.RemoveAll(change => change.Version <= version);
        Compacted = version;
        Wake();
    }

    public void Wake()
    {
        var changed = _changed;
        _changed = New();
        changed.TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
