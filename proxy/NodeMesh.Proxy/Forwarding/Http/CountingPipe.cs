using System.Buffers;
using System.IO.Pipelines;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>A downstream's transport that counts the bytes which pass.</summary>
internal sealed class CountingPipe : IDuplexPipe
{
    private readonly Reader _input;
    private readonly Writer _output;

    public CountingPipe(IDuplexPipe transport, ConnectionSeries series, PodUsage usage)
    {
        _input = new Reader(transport.Input, series, usage);
        _output = new Writer(transport.Output, series, usage);
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    /// <summary>Bytes that have passed either way.</summary>
    public long Moved => Volatile.Read(ref _input.Moved) + Volatile.Read(ref _output.Moved);

    private sealed class Reader(PipeReader inner, ConnectionSeries series, PodUsage usage) : PipeReader
    {
        public long Moved;

        private ReadOnlySequence<byte> _buffer;

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            var bytes = _buffer.Slice(0, consumed).Length;
            _buffer = default;
            if (bytes > 0)
            {
                series.Sent(bytes);
                usage.Moved(bytes);
                Moved += bytes;
            }
            inner.AdvanceTo(consumed, examined);
        }

        public override bool TryRead(out ReadResult result)
        {
            var read = inner.TryRead(out result);
            _buffer = read ? result.Buffer : default;
            return read;
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var read = inner.ReadAsync(cancellationToken);
            if (!read.IsCompletedSuccessfully)
            {
                return AwaitAsync(read);
            }
            var result = read.Result;
            _buffer = result.Buffer;
            return ValueTask.FromResult(result);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> read)
        {
            var result = await read;
            _buffer = result.Buffer;
            return result;
        }
    }

    private sealed class Writer(PipeWriter inner, ConnectionSeries series, PodUsage usage) : PipeWriter
    {
        public long Moved;

        private long _unflushed;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            _unflushed += bytes;
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (_unflushed > 0)
            {
                series.Received(_unflushed);
                usage.Moved(_unflushed);
                Moved += _unflushed;
                _unflushed = 0;
            }
            return inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
