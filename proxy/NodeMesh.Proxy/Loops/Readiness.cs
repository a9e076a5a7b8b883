using System.Threading.Tasks.Sources;

namespace NodeMesh.Proxy.Loops;

/// <summary>
/// Whether one direction of a socket is worth a try, for one task that waits until it is. Signalled on the loop's thread, where the waiting task goes on
/// at once; all else on any thread.
/// </summary>
internal sealed class Readiness : IValueTaskSource
{
    private const int Idle = 0;
    private const int Ready = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state = Ready;

    public bool IsReady => Volatile.Read(ref _state) == Ready;

    /// <summary>Takes readiness away before a try, so that what comes during it is not missed.</summary>
    /// <returns>False: nothing has come since it was last taken.</returns>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Idle, Ready) == Ready;

    /// <summary>The try has not used up what there was. By the only task that could wait.</summary>
    public void PutBack() => Interlocked.CompareExchange(ref _state, Ready, Idle);

    /// <summary>Completes when it is ready, and leaves it so.</summary>
    public ValueTask WaitAsync()
    {
        if (IsReady)
        {
            return ValueTask.CompletedTask;
        }
        _core.Reset();
        return Interlocked.CompareExchange(ref _state, Awaited, Idle) == Idle ? new ValueTask(this, _core.Version) : ValueTask.CompletedTask;
    }

    public void Signal()
    {
        if (Interlocked.Exchange(ref _state, Ready) == Awaited)
        {
            _core.SetResult(true);
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
