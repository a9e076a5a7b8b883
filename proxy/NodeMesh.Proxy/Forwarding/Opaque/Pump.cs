using System.Buffers;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Opaque;

/// <summary>
/// Moves the bytes of one direction. It reads into the loop's scratch buffer and writes at once; only what the receiver has
/// no room for is kept, and nothing more is read until it is gone: that is the back-pressure. Holds no buffer while idle.
/// </summary>
internal sealed class Pump(LoopSocket from, LoopSocket to)
{
    // A turn on the loop moves at most that many buffers: the connection next to a bulk transfer must not wait longer.
    private const int ReadsPerTurn = 8;

    private byte[]? _kept;
    private int _start;
    private int _end;
    private bool _sawEnd;

    /// <summary>The end has been passed on.</summary>
    public bool IsDone { get; private set; }

    /// <summary>errno, when the result was <see cref="PumpResult.ReadFailed"/> or <see cref="PumpResult.WriteFailed"/>.</summary>
    public int Error { get; private set; }

    /// <summary>Bytes that the receiver has no room for yet.</summary>
    public int Kept => _kept is null ? 0 : _end - _start;

    /// <summary>Bytes passed on since this was last asked.</summary>
    public long TakeCount()
    {
        var count = _count;
        _count = 0;
        return count;
    }

    private long _count;

    public PumpResult Run(Span<byte> scratch)
    {
        for (var reads = 0; !IsDone;)
        {
            if (_kept is not null)
            {
                if (!to.IsWritable)
                {
                    return PumpResult.Waits;
                }
                var sent = to.Send(_kept.AsSpan(_start, _end - _start));
                if (sent < 0)
                {
                    return Fail(PumpResult.WriteFailed, -sent);
                }
                _count += sent;
                _start += sent;
                if (_start < _end)
                {
                    return PumpResult.Waits;
                }
                Release();
            }
            if (_sawEnd)
            {
                to.ShutdownWrite();
                IsDone = true;
                break;
            }
            if (!from.IsReadable)
            {
                return PumpResult.Waits;
            }
            if (reads++ == ReadsPerTurn)
            {
                return PumpResult.HasMore;
            }
            var received = from.Receive(scratch);
            if (received > 0)
            {
                var error = Pass(scratch[..received]);
                if (error != 0)
                {
                    return Fail(PumpResult.WriteFailed, error);
                }
            }
            else if (received == 0)
            {
                _sawEnd = true;
            }
            else if (received != -Errno.Again)
            {
                return Fail(PumpResult.ReadFailed, -received);
            }
        }
        return PumpResult.Waits;
    }

    /// <summary>Gives back what is held.</summary>
    public void Release()
    {
        if (_kept is { } kept)
        {
            _kept = null;
            ArrayPool<byte>.Shared.Return(kept);
        }
    }

    private int Pass(ReadOnlySpan<byte> bytes)
    {
        var sent = to.IsWritable ? to.Send(bytes) : 0;
        if (sent < 0)
        {
            return -sent;
        }
        _count += sent;
        if (sent < bytes.Length)
        {
            _kept = ArrayPool<byte>.Shared.Rent(bytes.Length - sent);
            bytes[sent..].CopyTo(_kept);
            _start = 0;
            _end = bytes.Length - sent;
        }
        return 0;
    }

    private PumpResult Fail(PumpResult result, int error)
    {
        Error = error;
        return result;
    }
}
