namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// The connections that this node has open for HTTP to the endpoints of one Service port, those that are kept for a next request too. Where there is a
/// limit, one that is kept makes room for a new one.
/// </summary>
internal sealed class UpstreamConnections
{
    private readonly Lock _gate = new();
    private readonly HashSet<Func<bool>> _keepers = [];
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <param name="closeOne">Closes one that is kept; false: there is none.</param>
    public void Add(Func<bool> closeOne)
    {
        lock (_gate)
        {
            _keepers.Add(closeOne);
        }
    }

    public void Remove(Func<bool> closeOne)
    {
        lock (_gate)
        {
            _keepers.Remove(closeOne);
        }
    }

    /// <param name="limit">0: none.</param>
    /// <returns>False: there is no room for one more, which counts all the same until it is <see cref="Closed"/>.</returns>
    public bool Opens(uint limit) => Interlocked.Increment(ref _open) <= limit || limit == 0 || CloseOneKept();

    public void Closed() => Interlocked.Decrement(ref _open);

    private bool CloseOneKept()
    {
        Func<bool>[] keepers;
        lock (_gate)
        {
            keepers = [.. _keepers];
        }
        return Array.Exists(keepers, closeOne => closeOne());
    }
}
