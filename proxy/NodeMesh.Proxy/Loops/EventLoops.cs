using Microsoft.Extensions.Logging;
namespace NodeMesh.Proxy.Loops;

/// <summary>The loops of this proxy, one a processor.</summary>
internal sealed class EventLoops : IDisposable
{
    private readonly EventLoop[] _loops;
    private uint _next;

    public EventLoops(int count, ILoggerFactory logging)
    {
        _loops = [.. Enumerable.Range(0, count).Select(number => new EventLoop(number, logging.CreateLogger<EventLoop>()))];
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    public IReadOnlyList<EventLoop> All => _loops;

    /// <summary>The next in turn: for what stays, such as listeners.</summary>
    public EventLoop Next() => _loops[Interlocked.Increment(ref _next) % (uint)_loops.Length];

    /// <summary>
    /// Where a connection accepted on <paramref name="home"/> shall live: there, unless another loop has clearly fewer.
    /// Moving one costs a wake-up; not moving any would leave a busy pod on one processor.
    /// </summary>
    public EventLoop Place(EventLoop home)
    {
        var best = home;
        var load = home.Load - 1;
        foreach (var loop in _loops)
        {
            if (loop.Load < load)
            {
                best = loop;
                load = loop.Load;
            }
        }
        return best;
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }
    }
}
