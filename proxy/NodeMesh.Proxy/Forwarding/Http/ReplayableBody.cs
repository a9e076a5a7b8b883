using System.Buffers;
using System.IO.Pipelines;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// The body of a request that may be sent more than once. It flows through as it comes, and is kept as far as the bound allows, so that a
/// client that waits for an answer before it goes on does not wait for us.
/// </summary>
/// <param name="whole">Is called once when all of it has come and is kept.</param>
internal sealed class ReplayableBody(PipeReader downstream, int bound, Action<ReadOnlyMemory<byte>>? whole = null) : PipeReader
{
    private byte[] _kept = [];
    private int _length;
    private int _position;
    private bool _isEnded;
    private bool _isFromKept;
    private ReadResult _read;

    /// <summary>False: too much of it has passed.</summary>
    public bool CanReplay { get; private set; } = true;

    /// <summary>The next attempt reads it from the beginning. Nobody reads any more.</summary>
    public void Rewind() => _position = 0;

    public override bool TryRead(out ReadResult result)
    {
        if (HasKept(out result))
        {
            return true;
        }
        _isFromKept = false;
        if (!downstream.TryRead(out result))
        {
            return false;
        }
        _read = result;
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        HasKept(out var result) ? ValueTask.FromResult(result) : ReadDownstreamAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _read.Buffer.Slice(0, consumed);
        if (_isFromKept)
        {
            _position += (int)taken.Length;
            return;
        }
        Keep(taken);
        var isEnd = _read.IsCompleted && taken.Length == _read.Buffer.Length;
        downstream.AdvanceTo(consumed, examined);
        if (isEnd && !_isEnded)
        {
            _isEnded = true;
            if (CanReplay)
            {
                whole?.Invoke(_kept.AsMemory(0, _length));
            }
        }
    }

    public override void CancelPendingRead() => downstream.CancelPendingRead();

    public override void Complete(Exception? exception = null) => downstream.Complete(exception);

    private async ValueTask<ReadResult> ReadDownstreamAsync(CancellationToken cancellation)
    {
        _isFromKept = false;
        return _read = await downstream.ReadAsync(cancellation);
    }

    private bool HasKept(out ReadResult result)
    {
        if (!CanReplay || (_position == _length && !_isEnded))
        {
            result = default;
            return false;
        }
        _isFromKept = true;
        _read = result = new ReadResult(new ReadOnlySequence<byte>(_kept, _position, _length - _position), isCanceled: false, isCompleted: _isEnded);
        return true;
    }

    private void Keep(ReadOnlySequence<byte> bytes)
    {
        if (!CanReplay || bytes.IsEmpty)
        {
            return;
        }
        if (_length + bytes.Length > bound)
        {
            CanReplay = false;
            _kept = [];
            _length = _position = 0;
            return;
        }
        var length = (int)bytes.Length;
        if (_kept.Length - _length < length)
        {
            Array.Resize(ref _kept, Math.Max(_kept.Length * 2, _length + length));
        }
        bytes.CopyTo(_kept.AsSpan(_length));
        _length += length;
        _position = _length;
    }
}
