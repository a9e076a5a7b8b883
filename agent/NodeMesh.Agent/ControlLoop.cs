using System.Threading.Channels;

namespace NodeMesh.Agent;

/// <summary>
/// The one thread of control: whatever changes pods, capture or proxies is posted here and runs in order, so that none of
/// that state needs a lock.
/// </summary>
internal sealed class ControlLoop
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Runs <paramref name="action"/> on the loop, some time soon. Any thread may call it. After <see cref="Stop"/> it does nothing.</summary>
    public void Post(Action action) => _work.Writer.TryWrite(action);

    /// <summary>Runs what is posted until <see cref="Stop"/>. What throws is handed to <paramref name="failed"/>; the loop goes on.</summary>
    public async Task RunAsync(Action<Exception> failed)
    {
        await foreach (var action in _work.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failed(e);
            }
        }
    }

    public void Stop() => _work.Writer.TryComplete();
}
