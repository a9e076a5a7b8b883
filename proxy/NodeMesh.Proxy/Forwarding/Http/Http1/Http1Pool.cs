using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>The kept HTTP/1.1 connections of one source to one destination; the one used last is used first.</summary>
internal sealed class Http1Pool
{
    // Shorter than the keep-alive timeout of any common server (gunicorn has the shortest, 2 s). A server that closes an idle connection
    // just when a request is sent on it makes that request fail; so the mesh closes first. A connection on the same network is cheap to open.
    public const int IdleMilliseconds = 1000;

    // Inbound there is a pool for each client's address: those that are not used go.
    private const int RetireMilliseconds = 10_000;

    private readonly LocalPod _pod;
    private readonly PortTraffic? _traffic;
    private readonly Lock _gate = new();
    private readonly List<Http1Connection> _idle = [];
    private long _lastUsed = Environment.TickCount64;
    private int _underWay;

    /// <param name="traffic">Of the Service port whose endpoint it is; null: of none.</param>
    public Http1Pool(LocalPod pod, PortTraffic? traffic = null)
    {
        (_pod, _traffic) = (pod, traffic);
        traffic?.Connections.Add(CloseOneKept);
    }

    /// <summary>Nobody looks after it any more: another pool has taken its place.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>A kept connection that looks alive; null: open one.</summary>
    public Http1Connection? Take()
    {
        while (true)
        {
            Http1Connection connection;
            lock (_gate)
            {
                _underWay++;
                if (_idle.Count == 0)
                {
                    return null;
                }
                connection = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }
            if (connection.IsStillQuiet())
            {
                connection.IsReused = true;
                return connection;
            }
            connection.Dispose();
            Done();
        }
    }

    /// <exception cref="UpstreamConnectException">It could not be opened.</exception>
    public async ValueTask<Http1Connection> ConnectAsync(UpstreamTarget target, CancellationToken cancellation)
    {
        var hasRoom = _traffic?.Connections.Opens(_traffic.MaxConnections) ?? true;
        Http1Connection? opened = null;
        try
        {
            if (!hasRoom)
            {
                throw new CircuitOpenException($"there are {_traffic!.MaxConnections} connections to the Service of {target.Endpoint} already");
            }
            var socket = await target.DialAsync(_pod, cancellation);
            return opened = new Http1Connection(socket, this, target.Tls is null ? null : await target.SecureAsync(socket, http2: false, cancellation));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new UpstreamConnectException(exception);
        }
        finally
        {
            if (opened is null)
            {
                Closed();
            }
        }
    }

    /// <summary>One of its connections is no more.</summary>
    public void Closed() => _traffic?.Connections.Closed();

    /// <summary>The request is over; the connection, if any, waits for the next.</summary>
    public void Keep(Http1Connection connection)
    {
        connection.IdleSince = Environment.TickCount64;
        lock (_gate)
        {
            _underWay--;
            if (!IsRetired)
            {
                _lastUsed = connection.IdleSince;
                _idle.Add(connection);
                return;
            }
        }
        connection.Dispose();
    }

    /// <summary>The request is over, and there is no connection to keep.</summary>
    public void Done()
    {
        lock (_gate)
        {
            _underWay--;
            _lastUsed = Environment.TickCount64;
        }
    }

    /// <summary>Closes what has been idle for too long.</summary>
    /// <returns>True once the pool itself has been, and is retired.</returns>
    public bool Sweep(long now)
    {
        var most = _traffic?.Rules?.Timeouts is { KeepAliveMilliseconds: > 0 and var milliseconds } ? milliseconds : IdleMilliseconds;
        lock (_gate)
        {
            var count = 0;
            while (count < _idle.Count && now - _idle[count].IdleSince >= most)
            {
                count++;
            }
            if (count == 0)
            {
                if (!IsRetired && _idle.Count == 0 && _underWay == 0 && now - _lastUsed > RetireMilliseconds)
                {
                    Retire();
                }
                return IsRetired;
            }
            Dispose(count);
            return false;
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            Retire();
            Dispose(_idle.Count);
        }
    }

    private void Retire()
    {
        IsRetired = true;
        _traffic?.Connections.Remove(CloseOneKept);
    }

    // The one that has been kept longest.
    private bool CloseOneKept()
    {
        Http1Connection oldest;
        lock (_gate)
        {
            if (_idle.Count == 0)
            {
                return false;
            }
            oldest = _idle[0];
            _idle.RemoveAt(0);
        }
        oldest.Dispose();
        return true;
    }

    // Those kept longest, while nobody else looks: whoever needs their room must find them open, or closed.
    private void Dispose(int count)
    {
        for (var at = 0; at < count; at++)
        {
            _idle[at].Dispose();
        }
        _idle.RemoveRange(0, count);
    }
}
