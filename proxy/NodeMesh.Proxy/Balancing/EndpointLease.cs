namespace NodeMesh.Proxy.Balancing;

/// <summary>One request, or one opaque connection, under way to an endpoint. Begun once, ended once.</summary>
internal readonly struct EndpointLease
{
    private readonly EndpointLoad? _load;
    private readonly TimeProvider _time;
    private readonly long _began;

    private EndpointLease(EndpointLoad? load, TimeProvider time)
    {
        _load = load;
        _time = time;
        _began = time.GetTimestamp();
        load?.Port?.Budget?.Attempted(_began);
    }

    /// <summary>Whether or not the circuit is open: for what the mesh itself has to ask.</summary>
    /// <param name="load">null: the destination is no endpoint; the lease then only keeps time.</param>
    public static EndpointLease Begin(EndpointLoad? load, TimeProvider time)
    {
        load?.Begin();
        return new(load, time);
    }

    /// <returns>False: the circuit is open.</returns>
    /// <inheritdoc cref="Begin"/>
    /// <inheritdoc cref="PortTraffic.IsOpen"/>
    public static bool TryBegin(EndpointLoad? load, TimeProvider time, bool isRequest, bool holdsConnection, out EndpointLease lease)
    {
        var hasBegun = load is null || load.TryBegin(isRequest, holdsConnection);
        lease = hasBegun ? new(load, time) : default;
        return hasBegun;
    }

    /// <summary>Time since it began.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(_began);

    /// <summary>The endpoint answered (head of the response, or connection established): takes the time since the beginning as its latency.</summary>
    public void Answered()
    {
        if (_load is not null)
        {
            var now = _time.GetTimestamp();
            _load.Observe(_time.GetElapsedTime(_began, now).TotalMicroseconds, now);
        }
    }

    /// <summary>What the answer says of the endpoint.</summary>
    /// <param name="isError">It failed to do what it was asked.</param>
    /// <param name="isGateway">It says that something behind it is to blame.</param>
    public void Judged(bool isError, bool isGateway)
    {
        if (isError)
        {
            _load?.FailedAs(isGateway, _time.GetTimestamp());
        }
        else
        {
            _load?.Succeeded(_time.GetTimestamp());
        }
    }

    /// <summary>The endpoint could not be reached, or broke off before it answered.</summary>
    public void Failed()
    {
        if (_load is not null)
        {
            var now = _time.GetTimestamp();
            _load.ObserveFailure(Elapsed.TotalMicroseconds, now);
            _load.FailedAs(isGateway: true, now);
        }
    }

    /// <summary>The request, or connection, is over.</summary>
    public void End() => _load?.End();
}
