using System.IO.Pipelines;
using System.Net;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// The body of a request on its way upstream. Passes on what is there and flushes before it waits for more, so that nothing is ever held
/// back, and head and body of a small request still leave in one packet.
/// </summary>
/// <param name="length">null: chunked (HTTP/1.1), or open-ended (HTTP/2).</param>
internal sealed class RequestBody(PipeReader downstream, long? length) : HttpContent
{
    private const int Http2RefusedStream = 7;

    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The downstream's side of the body failed: the upstream is not to blame for what follows.</summary>
    public bool DownstreamFailed { get; private set; }

    public bool Started { get; private set; }

    /// <summary>Completes, never with an exception, when nobody reads the downstream's body any more.</summary>
    public Task Finished => Started ? _finished.Task : Task.CompletedTask;

    protected override bool TryComputeLength(out long computed)
    {
        computed = length ?? 0;
        return length is not null;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Started)
        {
            // The handler tries again what the upstream refused unprocessed, but the body has flowed past and would now be empty.
            // The downstream, which still has it, is told the same: refused, try again.
            throw new HttpProtocolException(Http2RefusedStream, "the upstream refused the stream", null);
        }
        Started = true;
        try
        {
            while (true)
            {
                var result = await ReadAsync(stream, cancellationToken);
                foreach (var segment in result.Buffer)
                {
                    await stream.WriteAsync(segment, cancellationToken);
                }
                downstream.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }
                if (result.IsCanceled)
                {
                    throw new OperationCanceledException();
                }
            }
        }
        finally
        {
            _finished.TrySetResult();
        }
    }

    private async ValueTask<ReadResult> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        ValueTask<ReadResult> read;
        try
        {
            if (downstream.TryRead(out var ready))
            {
                return ready;
            }
        }
        catch
        {
            DownstreamFailed = true;
            throw;
        }

        await stream.FlushAsync(cancellation);
        try
        {
            read = downstream.ReadAsync(cancellation);
            return await read;
        }
        catch
        {
            DownstreamFailed = true;
            throw;
        }
    }
}
