namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// Requests that wait for one of those under way to end, up to as many as the rules allow. The first to come is woken first, and then asks for
/// its place like any other: one that comes just then may be quicker.
/// </summary>
internal sealed class PendingRequests(PortTraffic port)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <returns>False: it may not wait, or was given up; true: there may be room.</returns>
    public async ValueTask<bool> WaitAsync(CancellationToken givenUp)
    {
        LinkedListNode<TaskCompletionSource<bool>> place;
        lock (_gate)
        {
            if (_count >= (port.Rules?.MaxPendingRequests ?? 0))
            {
                return false;
            }
            place = _waiting.AddLast(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
            Interlocked.Increment(ref _count);
        }
        // What ended before the count was seen woke nobody.
        if (!port.IsOpen(isRequest: true, holdsConnection: true))
        {
            WakeOne();
        }
        await using (givenUp.UnsafeRegister(static state =>
        {
            var (pending, place) = ((PendingRequests, LinkedListNode<TaskCompletionSource<bool>>))state!;
            pending.GiveUp(place);
        }, (this, place)))
        {
            return await place.Value.Task;
        }
    }

    /// <summary>Costs a look where nobody waits.</summary>
    public void WakeOne()
    {
        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }
        TaskCompletionSource<bool>? first = null;
        lock (_gate)
        {
            if (_waiting.First is { } place)
            {
                Remove(place);
                first = place.Value;
            }
        }
        first?.TrySetResult(true);
    }

    public void WakeAll()
    {
        for (var count = Count; count > 0; count--)
        {
            WakeOne();
        }
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource<bool>> place)
    {
        lock (_gate)
        {
            if (place.List is not null)
            {
                Remove(place);
                place.Value.TrySetResult(false);
            }
            // Else it has just been woken, and will see for itself.
        }
    }

    private void Remove(LinkedListNode<TaskCompletionSource<bool>> place)
    {
        _waiting.Remove(place);
        Interlocked.Decrement(ref _count);
    }
}
