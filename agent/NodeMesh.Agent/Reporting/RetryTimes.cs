using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>When each thing that could not be written is tried again: later and later, as long as it fails.</summary>
internal sealed class RetryTimes(TimeSpan longest, TimeProvider time, Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (Backoff Backoff, long Until)> _failed = new(StringComparer.Ordinal);

    public bool IsDue(string key) => !_failed.TryGetValue(key, out var failed) || time.GetTimestamp() >= failed.Until;

    /// <returns>How long it waits now.</returns>
    public TimeSpan Failed(string key, Exception exception)
    {
        var backoff = _failed.TryGetValue(key, out var before) ? before.Backoff : new Backoff(First, longest, random);
        var wait = backoff.Next((exception as ApiException)?.RetryAfter);
        _failed[key] = (backoff, time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency));
        return wait;
    }

    public void Forget(string key) => _failed.Remove(key);

    public void Clear() => _failed.Clear();
}
