using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Kernel;

namespace NodeMesh.Proxy.Loops;

/// <summary>
/// One thread, one epoll set. Whoever lives on a loop is called on its thread only and needs no locks; from outside there
/// is <see cref="Post"/>. A turn: the kernel's events, what was posted, one more turn for those who asked for it, deadlines.
/// </summary>
internal sealed unsafe partial class EventLoop : IDisposable
{
    /// <summary>What one read takes at most.</summary>
    public const int ScratchSize = 64 * 1024;

    private const int EventsPerTurn = 256;
    private const ulong WakeUp = ulong.MaxValue;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly ILogger<EventLoop> _logger;
    private readonly int _epoll;
    private readonly int _wake;
    private readonly EpollEvents _events = new(EventsPerTurn);
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Thread _thread;
    private readonly List<TimerQueue> _timers = [];
    private Queue<ILoopWork> _again = new();
    private Queue<ILoopWork> _now = new();
    private LoopSocket?[] _sockets = new LoopSocket?[256];
    private uint[] _generations = new uint[256];
    private readonly Stack<int> _free = new();
    private int _used;
    private int _wakePending;
    private volatile bool _stopping;
    private int _load;

    public EventLoop(int number, ILogger<EventLoop> logger)
    {
        _logger = logger;
        _epoll = LibC.epoll_create1(LibC.SockCloseOnExec);
        _wake = LibC.eventfd(0, LibC.SockNonBlock | LibC.SockCloseOnExec);
        if (_epoll < 0 || _wake < 0 || EpollEvents.Add(_epoll, _wake, LibC.EpollIn | LibC.EpollEdge, WakeUp) != 0)
        {
            throw new IOException($"the proxy could not make an epoll set: errno {LibC.LastError}; raise its limit of open files");
        }
        Now = Environment.TickCount64;
        _thread = new Thread(Run) { IsBackground = true, Name = $"loop-{number}" };
    }

    /// <summary>A pinned buffer between one read and the write that follows it at once; nobody keeps bytes in it.</summary>
    public byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(ScratchSize, pinned: true);

    /// <summary>Milliseconds of a monotonic clock, as of this turn.</summary>
    public long Now { get; private set; }

    /// <summary>Connections that live here; any thread may read it to find the loop with the fewest.</summary>
    public int Load => Volatile.Read(ref _load);

    /// <summary>The loop whose thread this is; null: that of none.</summary>
    public static EventLoop? Current => _current;

    public bool IsCurrent => _current == this;

    public void Start() => _thread.Start();

    public void AddLoad() => Interlocked.Increment(ref _load);

    public void RemoveLoad() => Interlocked.Decrement(ref _load);

    /// <summary>Runs it on the loop's thread, soon. Any thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        if (Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            var one = 1UL;
            _ = LibC.write(_wake, &one, sizeof(ulong));
        }
    }

    /// <summary>Gives the work another turn after everyone else had theirs. Loop thread only.</summary>
    public void Again(ILoopWork work) => _again.Enqueue(work);

    /// <summary>Starts (or restarts) a deadline. Loop thread only. Few distinct durations, please: each has its queue.</summary>
    public void StartTimer(LoopTimer timer, int milliseconds)
    {
        var queue = _timers.Find(queue => queue.Milliseconds == milliseconds);
        if (queue is null)
        {
            _timers.Add(queue = new TimerQueue(milliseconds));
        }
        queue.Start(timer, Environment.TickCount64);
    }

    internal int Add(LoopSocket socket, uint flags)
    {
        var slot = _free.TryPop(out var reused) ? reused : _used++;
        if (slot == _sockets.Length)
        {
            Array.Resize(ref _sockets, slot * 2);
            Array.Resize(ref _generations, slot * 2);
        }
        _sockets[slot] = socket;
        socket.Slot = slot;
        var error = EpollEvents.Add(_epoll, socket.Descriptor, flags, Key(slot));
        if (error != 0)
        {
            Remove(socket, stopWatching: false);
            socket.Slot = LoopSocket.NotWatched;
        }
        return error;
    }

    internal void Remove(LoopSocket socket, bool stopWatching)
    {
        // Events of this turn may still name the slot: the generation tells them from those of its next socket.
        _generations[socket.Slot]++;
        _sockets[socket.Slot] = null;
        _free.Push(socket.Slot);
        if (stopWatching)
        {
            EpollEvents.Remove(_epoll, socket.Descriptor);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        Post(static () => { });
        if (!IsCurrent && _thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private ulong Key(int slot) => ((ulong)_generations[slot] << 32) | (uint)slot;

    private void Run()
    {
        _current = this;
        while (!_stopping)
        {
            var count = _events.Wait(_epoll, Timeout());
            Now = Environment.TickCount64;
            for (var i = 0; i < count; i++)
            {
                Dispatch(_events.Data(i), _events.Flags(i));
            }
            RunPosted();
            RunAgain();
            for (var i = 0; i < _timers.Count; i++)
            {
                Elapse(_timers[i]);
            }
        }
        _ = LibC.close(_wake);
        _ = LibC.close(_epoll);
    }

    private void Dispatch(ulong key, uint flags)
    {
        if (key == WakeUp)
        {
            return; // edge-triggered: the counter need not be read
        }
        var slot = (int)(uint)key;
        if (_sockets[slot] is not { Owner: { } owner } socket || Key(slot) != key)
        {
            return;
        }
        socket.Latch(flags);
        try
        {
            owner.OnReady(socket);
        }
        catch (Exception exception)
        {
            LogFault(exception);
            owner.OnFault(exception);
        }
    }

    private void RunPosted()
    {
        Volatile.Write(ref _wakePending, 0);
        Interlocked.MemoryBarrier();
        for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var action); left--)
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                LogFault(exception);
            }
        }
    }

    private void RunAgain()
    {
        (_now, _again) = (_again, _now);
        while (_now.TryDequeue(out var work))
        {
            try
            {
                work.Continue();
            }
            catch (Exception exception)
            {
                LogFault(exception);
                work.OnFault(exception);
            }
        }
    }

    private void Elapse(TimerQueue queue)
    {
        try
        {
            queue.Elapse(Now);
        }
        catch (Exception exception)
        {
            LogFault(exception);
        }
    }

    private int Timeout()
    {
        if (_again.Count > 0 || !_posted.IsEmpty)
        {
            return 0;
        }
        var next = long.MaxValue;
        foreach (var queue in _timers)
        {
            next = Math.Min(next, queue.NextDue ?? long.MaxValue);
        }
        return next == long.MaxValue ? -1 : (int)Math.Clamp(next - Environment.TickCount64, 0, int.MaxValue);
    }

    [LoggerMessage(1, LogLevel.Error, "An event on a loop failed; its connection is closed, the others go on", EventName = "LoopFault")]
    private partial void LogFault(Exception exception);
}
