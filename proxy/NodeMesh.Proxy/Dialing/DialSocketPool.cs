using NodeMesh.Contract.Kernel;
using NodeMesh.Proxy.Kernel;

namespace NodeMesh.Proxy.Dialing;

/// <summary>
/// Unconnected sockets of one kind in one pod's namespace, made by the agent in advance: raw descriptors, each taken once.
/// It asks for more at half of its level; the level doubles when it ran dry and halves after a minute that needed little.
/// </summary>
internal sealed class DialSocketPool(Action<int> want, TimeProvider? time = null)
{
    public const int MinLevel = 16;
    public const int MaxLevel = 128;

    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly Stack<int> _sockets = new();
    private readonly LinkedList<IDialSocketWaiter> _waiting = new();
    private int _level = MinLevel;
    private int _asked;
    private long _askedAt;
    private long _windowStart;
    private int _takenInWindow;
    private bool _isRaised;
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sockets.Count;
            }
        }
    }

    /// <summary>Takes a socket without waiting; false when there is none (and more have been asked for), or the pod is gone.</summary>
    public bool TryTake(out int socket)
    {
        int missing;
        bool taken;
        lock (_gate)
        {
            taken = _sockets.TryPop(out socket);
            missing = Missing(taken);
        }
        Ask(missing);
        return taken;
    }

    /// <summary>Queues for the next socket that comes. The waiter is called once, on any thread, and not under a lock of its own.</summary>
    public void Wait(IDialSocketWaiter waiter)
    {
        lock (_gate)
        {
            if (!_closed && !_sockets.TryPeek(out _))
            {
                _waiting.AddLast(waiter);
                return;
            }
        }
        waiter.OnSocket(TryTake(out var socket) ? socket : null);
    }

    /// <summary>Leaves the queue; false when the waiter has been, or is just being, served.</summary>
    public bool StopWaiting(IDialSocketWaiter waiter)
    {
        lock (_gate)
        {
            return _waiting.Remove(waiter);
        }
    }

    /// <summary>Takes over descriptors the agent sent.</summary>
    public void Add(IReadOnlyList<int> sockets)
    {
        lock (_gate)
        {
            _asked = Math.Max(0, _asked - sockets.Count);
            _isRaised = false;
        }
        foreach (var socket in sockets)
        {
            Return(socket);
        }
        if (sockets.Count > 0)
        {
            // For those who came while this answer was under way: nobody else may come and ask. Not after an empty answer, which would go round and round.
            int missing;
            lock (_gate)
            {
                missing = _waiting.Count == 0 ? 0 : Missing(taken: false, isTake: false);
            }
            Ask(missing);
        }
    }

    /// <summary>Takes over an unused socket: for whoever waits, else for later.</summary>
    public void Return(int socket)
    {
        IDialSocketWaiter waiter;
        lock (_gate)
        {
            if (_closed)
            {
                _ = LibC.close(socket);
                return;
            }
            if (_waiting.First is not { } first)
            {
                _sockets.Push(socket);
                return;
            }
            _waiting.RemoveFirst();
            waiter = first.Value;
        }
        waiter.OnSocket(socket);
    }

    /// <summary>Asks for what is missing, forgetting what was asked for before.</summary>
    public void Fill()
    {
        int missing;
        lock (_gate)
        {
            _asked = 0;
            missing = Missing(taken: false, isTake: false);
        }
        Ask(missing);
    }

    public void Close()
    {
        IDialSocketWaiter[] waiting;
        lock (_gate)
        {
            _closed = true;
            while (_sockets.TryPop(out var socket))
            {
                _ = LibC.close(socket);
            }
            waiting = [.. _waiting];
            _waiting.Clear();
        }
        foreach (var waiter in waiting)
        {
            waiter.OnSocket(null);
        }
    }

    // How many the agent is to be asked for. Under the lock.
    private int Missing(bool taken, bool isTake = true)
    {
        if (_closed)
        {
            return 0;
        }
        var now = _time.GetTimestamp();
        if (isTake)
        {
            _takenInWindow++;
            if (!taken)
            {
                // Once for each answer: until it comes, more takers in vain say nothing new.
                _level = _isRaised ? _level : Math.Min(_level * 2, MaxLevel);
                _isRaised = true;
            }
            else if (_time.GetElapsedTime(_windowStart, now) > Window)
            {
                if (_takenInWindow < _level / 4)
                {
                    _level = Math.Max(_level / 2, MinLevel);
                }
                _windowStart = now;
                _takenInWindow = 0;
            }
        }
        if (_asked > 0 && _sockets.Count == 0 && _time.GetElapsedTime(_askedAt, now) > LostAfter)
        {
            _asked = 0; // the agent went away, or could not make them: ask again
        }
        if (_sockets.Count + _asked - _waiting.Count > _level / 2)
        {
            return 0;
        }
        // The agent sends no more at once.
        var missing = Math.Min(_level - _sockets.Count - _asked + _waiting.Count, PacketSocket.MaxDescriptors);
        _asked += missing;
        _askedAt = now;
        return missing;
    }

    private void Ask(int count)
    {
        if (count > 0)
        {
            want(count);
        }
    }
}
