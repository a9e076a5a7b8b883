using System.Buffers;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Bytes in one piece, on their way from who adds them at the end to who takes them at the start. Where they lie is on loan from a pool, and
/// given back by whoever knows that nobody reads or writes there any more. One thread at a time; not to be copied.
/// </summary>
internal struct LoanBuffer
{
    private byte[]? _bytes;
    private int _start;
    private int _end;

    /// <summary>Of what has been added and not taken.</summary>
    public readonly int Length => _end - _start;

    /// <summary>Of the loan: 0 when there is none.</summary>
    public readonly int Capacity => _bytes?.Length ?? 0;

    /// <summary>How much fits behind what is there.</summary>
    public readonly int Room => Capacity - _end;

    public readonly Span<byte> Span => _bytes.AsSpan(_start, Length);

    public readonly Memory<byte> Memory => _bytes.AsMemory(_start, Length);

    public readonly Span<byte> Free => _bytes.AsSpan(_end);

    public readonly Memory<byte> FreeMemory => _bytes.AsMemory(_end);

    public void Add(int count) => _end += count;

    public void Take(int count)
    {
        _start += count;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Makes some room behind what is there: moves that to the front, or if it is half of the loan or more, to a larger one.</summary>
    /// <param name="capacity">What a new loan has at least.</param>
    public void MakeRoom(int capacity)
    {
        if (Room > 0)
        {
            return;
        }
        if (Length < Capacity / 2)
        {
            Span.CopyTo(_bytes);
            (_start, _end) = (0, Length);
        }
        else
        {
            Move(Math.Max(capacity, Length * 2));
        }
    }

    /// <summary>Moves what is there to a loan of at least so many bytes, and gives the old one back.</summary>
    public void Move(int capacity)
    {
        var larger = ArrayPool<byte>.Shared.Rent(capacity);
        var length = Length;
        Span.CopyTo(larger);
        GiveBack();
        (_bytes, _end) = (larger, length);
    }

    /// <summary>Drops what is there, too.</summary>
    public void GiveBack()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            ArrayPool<byte>.Shared.Return(bytes);
        }
        _start = _end = 0;
    }
}
