using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// Resources from the Kubernetes API. The first set comes when every kind has been listed in full: half a cluster would be compiled to
/// Services without endpoints. From then on the last set stays in force however long the API server is away.
/// </summary>
internal sealed class KubernetesSource : IResourceSource
{
    private readonly KubernetesOptions _options;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<ObjectFeed> _feeds;
    private readonly ObjectFeed _definitions;
    private readonly ILookup<ResourceKind, ObjectFeed> _byKind;
    private readonly ReferencedFeeds _referenced;
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public KubernetesSource(KubernetesApi api, KubernetesOptions options, TimeProvider time, Random random, ILogger log)
    {
        _options = options;
        _time = time;
        _feeds = [.. WatchedKind.All(options.Node).Select(Feed)];
        _referenced = new ReferencedFeeds(Feed);
        _definitions = new ObjectFeed(api, WatchedKind.Definitions, options, time, random, Poke, log);
        _byKind = _feeds.ToLookup(feed => feed.Watched.Kind);

        ObjectFeed Feed(WatchedKind watched) => new(api, watched, options, time, random, () => _changed.Writer.TryWrite(true), log);
    }

    public async IAsyncEnumerable<ResourceSet> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = _feeds.Append(_definitions).Select(feed => feed.RunAsync(stop.Token)).ToList();
        try
        {
            var (set, collected) = (ResourceSet.Empty, ResourceSet.Empty);
            var isFirst = true;
            while (true)
            {
                await _changed.Reader.ReadAsync(cancellation);
                if (!_feeds.All(feed => feed.HasSynced))
                {
                    continue;
                }
                await Task.Delay(_options.Gather, _time, cancellation);
                _changed.Reader.TryRead(out _);
                var isSettled = _referenced.AreSettled;
                collected = _referenced.Follow(Collect(collected), out var hasMore, stop.Token);
                if (!isSettled || hasMore)
                {
                    continue; // compiled without what it refers to, an object would say what it does not; the feeds tell when they have it
                }
                if (isFirst || !ReferenceEquals(collected, set))
                {
                    (set, isFirst) = (collected, false);
                    var given = _time.GetTimestamp();
                    yield return set;
                    if (_options.Interval - _time.GetElapsedTime(given) is { Ticks: > 0 } rest)
                    {
                        await Task.Delay(rest, _time, cancellation);
                    }
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
            await _referenced.EndAsync();
        }
    }

    private void Poke()
    {
        if (!_definitions.IsConnected)
        {
            return;
        }
        foreach (var feed in _feeds)
        {
            feed.Poke();
        }
    }

    private ResourceSet Collect(ResourceSet set)
    {
        var edit = new ResourceSetEdit(set);
        var isTouched = false;
        foreach (var feed in _feeds)
        {
            foreach (var id in feed.Copy.TakeTouched())
            {
                isTouched = true;
                edit.Put(feed.Watched.Kind, id, Newest(feed.Watched.Kind, id));
            }
        }
        foreach (var feed in _referenced.Feeds)
        {
            foreach (var id in feed.Copy.TakeTouched())
            {
                isTouched = true;
                edit.Put(feed.Watched.Kind, id, feed.Copy.Find(id));
            }
        }
        var all = _feeds.Concat(_referenced.Feeds).ToList();
        var problems = all.SelectMany(feed => feed.Copy.Problems()).Order().ToList();
        var isCurrent = all.TrueForAll(feed => feed.IsConnected);
        if (!isTouched && isCurrent == set.IsCurrent && problems.SequenceEqual(set.Problems))
        {
            return set;
        }
        return edit.Apply() with { Problems = [.. problems], IsCurrent = isCurrent };
    }

    // A pod of a StatefulSet that moves is for a moment in two feeds, and which of them tells first is not said.
    private IResource? Newest(ResourceKind kind, string id) =>
        _byKind[kind].Select(feed => feed.Copy.Find(id)).OfType<IResource>().MaxBy(found => found.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue);
}
