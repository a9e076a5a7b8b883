using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.AgentLink;

/// <summary>
/// Says several times a second, in a page shared with the kernel's capture programs, that this proxy serves. It has a
/// thread of its own, so that a busy proxy does not look dead; but it only beats once every loop and the thread pool have
/// taken a turn since the last beat, so that a proxy that hangs does.
/// </summary>
internal sealed unsafe class Heartbeat : IDisposable
{
    public const int PeriodMilliseconds = 250;

    /// <summary>Where in the page the proxy's beat is.</summary>
    public const int Offset = 8;

    private const int PageSize = 4096;
    private const int ReadWrite = 3;
    private const int Shared = 1;
    private const int Monotonic = 1;

    private readonly EventLoops _loops;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Lock _gate = new();
    private byte* _page;
    private readonly int? _longestStandstill;
    private int _missing;

    /// <param name="longestStandstill">After so long without a beat the process ends itself; null: whoever watches the beats ends it.</param>
    public Heartbeat(EventLoops loops, TimeSpan? longestStandstill = null)
    {
        _loops = loops;
        _longestStandstill = longestStandstill is { } limit ? (int)(limit.TotalMilliseconds / PeriodMilliseconds) : null;
        _thread = new Thread(Run) { IsBackground = true, Name = "heartbeat" };
        _thread.Start();
    }

    /// <summary>Beats into this page from now on; null: into none. Does not keep the descriptor.</summary>
    /// <exception cref="IOException">The page cannot be mapped.</exception>
    public void Use(int? descriptor)
    {
        byte* page = null;
        if (descriptor is { } map)
        {
            page = (byte*)LibC.mmap(null, PageSize, ReadWrite, Shared, map, 0);
            if ((nint)page == -1)
            {
                throw new IOException($"the heartbeat page of the agent could not be mapped: errno {LibC.LastError}");
            }
        }
        lock (_gate)
        {
            if (_page != null)
            {
                _ = LibC.munmap(_page, PageSize);
            }
            _page = page;
            Beat();
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        Use(null);
        _stop.Dispose();
    }

    private void Run()
    {
        var missed = 0;
        while (!_stop.Wait(PeriodMilliseconds))
        {
            if (Volatile.Read(ref _missing) > 0)
            {
                // Somebody has not had a turn since.
                if (++missed == _longestStandstill)
                {
                    Environment.FailFast("the proxy stands still");
                }
                continue;
            }
            missed = 0;
            lock (_gate)
            {
                Beat();
            }
            Volatile.Write(ref _missing, _loops.All.Count + 1);
            foreach (var loop in _loops.All)
            {
                loop.Post(HadATurn);
            }
            ThreadPool.UnsafeQueueUserWorkItem(static heartbeat => heartbeat.HadATurn(), this, preferLocal: false);
        }
    }

    private void HadATurn() => Interlocked.Decrement(ref _missing);

    private void Beat()
    {
        if (_page != null)
        {
            var time = stackalloc long[2];
            _ = LibC.clock_gettime(Monotonic, time);
            Volatile.Write(ref *(long*)(_page + Offset), time[0] * 1_000_000_000 + time[1]);
        }
    }
}
