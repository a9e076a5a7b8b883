using NodeMesh.Agent.Resources.Documents;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// A list and watch for each ConfigMap that a BackendTLSPolicy names, as long as one does. To watch them all would bring each node all
/// that is in the cluster's, of which the mesh reads a few certificates. For one thread at a time.
/// </summary>
internal sealed class ReferencedFeeds(Func<WatchedKind, ObjectFeed> create)
{
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);

    public IEnumerable<ObjectFeed> Feeds => _running.Values.Select(running => running.Feed);

    /// <summary>Each has been read, or the API server refuses it or does not answer: then the policy goes without it, and says so, until it is read.</summary>
    public bool AreSettled => _running.Values.All(running => running.Feed.HasSynced || running.Feed.Copy.IsLost);

    /// <summary>Follows what the set refers to; what it does not any more is taken out of it.</summary>
    /// <param name="hasMore">Something is asked for that was not before.</param>
    public ResourceSet Follow(ResourceSet set, out bool hasMore, CancellationToken stop)
    {
        hasMore = false;
        var wanted = set.BackendTlsPolicies.Values.SelectMany(policy => policy.ConfigMaps()).ToHashSet(StringComparer.Ordinal);
        foreach (var id in wanted)
        {
            if (!_running.ContainsKey(id))
            {
                var slash = id.IndexOf('/', StringComparison.Ordinal);
                var feed = create(WatchedKind.One(Kinds.ConfigMap, id[..slash], id[(slash + 1)..]));
                var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
                hasMore = true;
                _running.Add(id, new Running(feed, end, feed.RunAsync(end.Token)));
            }
        }
        foreach (var id in _running.Keys.Where(id => !wanted.Contains(id)).ToList())
        {
            _running.Remove(id, out var running);
            running!.End.Cancel();
        }
        return set.ConfigMaps.Keys.Where(id => !wanted.Contains(id)).ToList() is { Count: > 0 } gone ? set with { ConfigMaps = set.ConfigMaps.RemoveRange(gone) } : set;
    }

    /// <summary>Once they have been told to stop.</summary>
    public Task EndAsync() => Task.WhenAll(_running.Values.Select(running => running.Work));

    private sealed record Running(ObjectFeed Feed, CancellationTokenSource End, Task Work);
}
