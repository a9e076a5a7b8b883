namespace NodeMesh.Proxy.Loops;

/// <summary>
/// Deadlines of one and the same duration, so that they fall due in the order they were started: a linked list, no heap.
/// Nearly all of them are stopped long before. Used on the loop's thread only.
/// </summary>
internal sealed class TimerQueue(int milliseconds)
{
    private LoopTimer? _first;
    private LoopTimer? _last;

    public int Milliseconds => milliseconds;

    public long? NextDue => _first?.Due;

    public void Start(LoopTimer timer, long now)
    {
        timer.Stop();
        timer.Due = now + milliseconds;
        timer.Queue = this;
        timer.Previous = _last;
        if (_last is null)
        {
            _first = timer;
        }
        else
        {
            _last.Next = timer;
        }
        _last = timer;
    }

    public void Remove(LoopTimer timer)
    {
        if (timer.Previous is null)
        {
            _first = timer.Next;
        }
        else
        {
            timer.Previous.Next = timer.Next;
        }
        if (timer.Next is null)
        {
            _last = timer.Previous;
        }
        else
        {
            timer.Next.Previous = timer.Previous;
        }
        timer.Next = timer.Previous = null;
        timer.Queue = null;
    }

    public void Elapse(long now)
    {
        while (_first is { } timer && timer.Due <= now)
        {
            Remove(timer);
            timer.Elapse();
        }
    }
}
