namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>How long to wait after each failure in a row: twice as long each time, less a random part, so that agents do not come all at once.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    public void Reset() => _failures = 0;

    /// <param name="atLeast">What the API server has asked for.</param>
    public TimeSpan Next(TimeSpan? atLeast)
    {
        var full = Math.Min(first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 20)), longest.TotalMilliseconds);
        var own = TimeSpan.FromMilliseconds(full * (0.5 + (random.NextDouble() / 2)));
        return atLeast is { } asked && asked > TimeSpan.Zero
            ? asked * (1 + (random.NextDouble() / 4)) is var spread && spread > own ? spread : own
            : own;
    }
}
