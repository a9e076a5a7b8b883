using NodeMesh.Proxy.Kernel;

namespace NodeMesh.Proxy.Loops;

/// <summary>
/// A non-blocking TCP socket on a loop, edge-triggered: its flags latch what the kernel reported until a call finds
/// otherwise. Used on the loop's thread only; its owner closes it exactly once.
/// </summary>
internal sealed unsafe class LoopSocket(EventLoop loop, int descriptor)
{
    internal const int NotWatched = -1;

    internal int Slot = NotWatched;
    internal ILoopEvents? Owner;

    /// <summary>Bytes, the end or an error may be there to read.</summary>
    public bool IsReadable { get; set; }

    /// <summary>There may be room to send.</summary>
    public bool IsWritable { get; set; } = true;

    /// <summary>The peer has sent FIN, perhaps behind bytes not read yet.</summary>
    public bool IsPeerClosed { get; private set; }

    /// <summary>The connection is broken: reset, timed out, unreachable.</summary>
    public bool IsBroken { get; private set; }

    public int Descriptor => descriptor;

    public EventLoop Loop => loop;

    public bool IsClosed { get; private set; }

    /// <summary>Reports events to the owner from now on; the present state is reported first.</summary>
    /// <returns>0 or errno.</returns>
    public int Watch(ILoopEvents owner)
    {
        Owner = owner;
        const uint flags = LibC.EpollIn | LibC.EpollOut | LibC.EpollPeerClosed | LibC.EpollEdge;
        return Slot == NotWatched ? loop.Add(this, flags) : 0;
    }

    /// <summary>Reports a listening socket as long as connections wait in it (level-triggered, so that one turn need not take them all).</summary>
    public int WatchListener(ILoopEvents owner)
    {
        Owner = owner;
        return Slot == NotWatched ? loop.Add(this, LibC.EpollIn) : 0;
    }

    /// <summary>Stops reporting; the socket stays open.</summary>
    public void Unwatch()
    {
        if (Slot != NotWatched)
        {
            loop.Remove(this, stopWatching: true);
            Slot = NotWatched;
        }
    }

    internal void Latch(uint events)
    {
        IsReadable |= (events & (LibC.EpollIn | LibC.EpollPeerClosed | LibC.EpollError | LibC.EpollHangUp)) != 0;
        IsWritable |= (events & LibC.EpollOut) != 0;
        IsPeerClosed |= (events & LibC.EpollPeerClosed) != 0;
        IsBroken |= (events & LibC.EpollError) != 0;
    }

    /// <summary>Bytes read, 0 at the end, or minus errno.</summary>
    public int Receive(Span<byte> buffer)
    {
        nint count;
        fixed (byte* bytes = buffer)
        {
            do
            {
                count = LibC.recv(descriptor, bytes, buffer.Length, 0);
            }
            while (count < 0 && LibC.LastError == Errno.Interrupted);
        }
        if (count < 0)
        {
            var error = LibC.LastError;
            IsReadable &= error != Errno.Again;
            return -error;
        }

        // A short read has emptied the queue (epoll(7), question 9), so the next call would only say EAGAIN: what comes
        // later makes a new edge. Not so when FIN is already behind the bytes: its edge has been.
        IsReadable = count == buffer.Length || IsPeerClosed;
        return (int)count;
    }

    /// <summary>What is there, left in place. Bytes, 0 at the end, or minus errno.</summary>
    public int Peek(Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            var count = LibC.recv(descriptor, bytes, buffer.Length, LibC.MsgPeek | LibC.MsgDontWait);
            return count < 0 ? -LibC.LastError : (int)count;
        }
    }

    /// <summary>Bytes taken by the kernel (0 when it has no room), or minus errno.</summary>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        nint count;
        fixed (byte* first = bytes)
        {
            do
            {
                count = LibC.send(descriptor, first, bytes.Length, LibC.MsgNoSignal);
            }
            while (count < 0 && LibC.LastError == Errno.Interrupted);
        }
        if (count < 0)
        {
            var error = LibC.LastError;
            if (error != Errno.Again)
            {
                return -error;
            }
            count = 0;
        }
        IsWritable = count == bytes.Length;
        return (int)count;
    }

    /// <summary>Sends FIN behind everything sent.</summary>
    public void ShutdownWrite() => LibC.shutdown(descriptor, LibC.ShutWrite);

    public void Close()
    {
        if (LetGo())
        {
            _ = LibC.close(descriptor);
        }
    }

    public void Reset()
    {
        if (LetGo())
        {
            LibC.CloseWithReset(descriptor);
        }
    }

    private bool LetGo()
    {
        if (IsClosed)
        {
            return false;
        }
        if (Slot != NotWatched)
        {
            loop.Remove(this, stopWatching: false); // close(2) does it
            Slot = NotWatched;
        }
        return IsClosed = true;
    }
}
