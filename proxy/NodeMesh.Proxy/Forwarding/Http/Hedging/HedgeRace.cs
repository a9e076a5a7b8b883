namespace NodeMesh.Proxy.Forwarding.Http.Hedging;

/// <summary>Two attempts of one request, of which the first to answer wins.</summary>
internal sealed class HedgeRace(CancellationToken also) : IDisposable
{
    private readonly CancellationTokenSource _ends = CancellationTokenSource.CreateLinkedTokenSource(also);
    private readonly TaskCompletionSource _won = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isWon;

    /// <summary>Ends the first attempt.</summary>
    public CancellationToken Ends => _ends.Token;

    /// <summary>One of them has won.</summary>
    public Task Won => _won.Task;

    public bool TryWin()
    {
        if (Interlocked.Exchange(ref _isWon, 1) != 0)
        {
            return false;
        }
        _won.TrySetResult();
        return true;
    }

    /// <summary>The first attempt has lost.</summary>
    public void EndFirst() => _ends.Cancel();

    public void Dispose() => _ends.Dispose();
}
