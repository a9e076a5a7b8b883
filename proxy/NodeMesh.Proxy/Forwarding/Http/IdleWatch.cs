namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Looks now and then whether anything has passed on a connection, which is cheaper than a deadline that moves with every byte.</summary>
internal sealed class IdleWatch : IDisposable
{
    private const int LooksPerLimit = 4;

    private readonly HttpConnection _connection;
    private readonly CancellationTokenSource _ends;
    private readonly ITimer _timer;
    private long _seen;
    private int _looks;

    /// <param name="also">What ends it, too.</param>
    public IdleWatch(HttpConnection connection, TimeSpan limit, TimeProvider time, CancellationToken also)
    {
        _connection = connection;
        _seen = connection.Moved;
        _ends = CancellationTokenSource.CreateLinkedTokenSource(also);
        var interval = TimeSpan.FromMilliseconds(Math.Max(1, limit.TotalMilliseconds / LooksPerLimit));
        _timer = time.CreateTimer(static state => ((IdleWatch)state!).Look(), this, interval, interval);
    }

    public CancellationToken Ends => _ends.Token;

    /// <summary>Nothing passed for too long.</summary>
    public bool HasElapsed { get; private set; }

    public void Dispose()
    {
        _timer.Dispose();
        _ends.Dispose();
    }

    private void Look()
    {
        var moved = _connection.Moved;
        if (moved != _seen)
        {
            (_seen, _looks) = (moved, 0);
        }
        else if (++_looks == LooksPerLimit)
        {
            HasElapsed = true;
            try
            {
                _ends.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It came to its end this moment.
            }
        }
    }
}
