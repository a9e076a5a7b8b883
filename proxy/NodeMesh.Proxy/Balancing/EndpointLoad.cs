namespace NodeMesh.Proxy.Balancing;

/// <summary>The live load of one endpoint as this proxy sees it: requests (or opaque connections) under way, and peak EWMA of latency.</summary>
internal sealed class EndpointLoad
{
    private int _pending;

    public int Pending => Volatile.Read(ref _pending);

    public void Begin() => Interlocked.Increment(ref _pending);

    public void End() => Interlocked.Decrement(ref _pending);
}
