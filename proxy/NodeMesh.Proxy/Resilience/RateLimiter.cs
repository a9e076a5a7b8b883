using System.Collections.Concurrent;
using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Resilience;

/// <summary>The limits of one RateLimitPolicy and what has been used of them on this node.</summary>
/// <param name="frequency">Ticks per second of the times it is asked with.</param>
internal sealed class RateLimiter(RateLimitRules rules, long frequency)
{
    private readonly Limit[] _limits = [.. rules.Limits.Select(rule => new Limit(rule, frequency))];

    public string Policy => rules.Policy;

    /// <summary>What a service counts for all nodes; null: nothing.</summary>
    public GlobalLimit? Global { get; } = rules.Global is null ? null : new GlobalLimit(rules.Global);

    /// <summary>Takes a token of each limit that is for the request; null: all had one.</summary>
    public RateLimitRefusal? Take(in RateLimitClient client, in RequestHead head, long now)
    {
        for (var i = 0; i < _limits.Length; i++)
        {
            var limit = _limits[i];
            if (!limit.IsFor(head) || limit.Bucket(client, head, now).TryTake(now, out var wait))
            {
                continue;
            }
            for (var taken = 0; taken < i; taken++)
            {
                if (_limits[taken].IsFor(head))
                {
                    _limits[taken].Bucket(client, head, now).Return();
                }
            }
            return new RateLimitRefusal(
                rules.Policy, limit.Rule.Name, limit.Rule.Requests, TimeSpan.FromMilliseconds(limit.Rule.PerMilliseconds), TimeSpan.FromSeconds((double)wait / frequency));
        }
        return null;
    }

    private sealed class Limit(RateLimitRule rule, long frequency)
    {
        // Whoever sends requests may put anything into a header: beyond this many values all others share one bucket.
        private const int MaxBuckets = 10_000;

        private readonly RequestPattern[] _matches = [.. rule.Matches.Select(match => new RequestPattern(match))];
        private readonly long _perToken = Math.Max(1, rule.PerMilliseconds * (frequency / 1000) / rule.Requests);
        private readonly TokenBucket _only = New(rule, frequency);
        private readonly ConcurrentDictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
        private int _count;

        public RateLimitRule Rule => rule;

        public bool IsFor(in RequestHead head) => RequestPattern.Any(_matches, head);

        public TokenBucket Bucket(in RateLimitClient client, in RequestHead head, long now)
        {
            if (rule.By.Count == 0)
            {
                return _only;
            }
            var key = Key(client, head);
            if (_buckets.TryGetValue(key, out var bucket))
            {
                return bucket;
            }
            if (Volatile.Read(ref _count) >= MaxBuckets && !Prune(now))
            {
                return _only;
            }
            bucket = new TokenBucket(_perToken, rule.Burst);
            if (_buckets.TryAdd(key, bucket))
            {
                Interlocked.Increment(ref _count);
                return bucket;
            }
            return _buckets.GetValueOrDefault(key, bucket);
        }

        private bool Prune(long now)
        {
            foreach (var (key, bucket) in _buckets)
            {
                if (bucket.IsFull(now) && _buckets.TryRemove(key, out _))
                {
                    Interlocked.Decrement(ref _count);
                }
            }
            return Volatile.Read(ref _count) < MaxBuckets;
        }

        private string Key(in RateLimitClient client, in RequestHead head)
        {
            if (rule.By.Count == 1)
            {
                return Value(rule.By[0], client, head);
            }
            var values = new string[rule.By.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = Value(rule.By[i], client, head);
            }
            return string.Join('\n', values);
        }

        private static string Value(RateLimitKey key, in RateLimitClient client, in RequestHead head) => key.KeyCase switch
        {
            RateLimitKey.KeyOneofCase.Header => head.Field(key.Header) ?? "",
            RateLimitKey.KeyOneofCase.ClientAddress => client.Address.ToString(),
            _ => client.Workload is { } workload ? $"{workload.Namespace}/{workload.Owner}" : "",
        };

        private static TokenBucket New(RateLimitRule rule, long frequency) =>
            new(Math.Max(1, rule.PerMilliseconds * (frequency / 1000) / rule.Requests), rule.Burst);
    }
}
