using System.IO.Pipelines;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// Copies the body of a response. What is there goes into the downstream's buffer, which is flushed before waiting for more: nothing is held
/// back, a head without a body yet goes out too, and a small response leaves in one packet.
/// </summary>
internal static class ResponseBody
{
    // Beyond this the copy waits for the downstream: back-pressure.
    private const int FlushThreshold = 32 * 1024;

    private const int ReadSize = 4096;

    /// <exception cref="IOException">The upstream broke off, or the downstream is gone (then the request is cancelled, too).</exception>
    public static async ValueTask CopyAsync(Stream from, PipeWriter to, CancellationToken cancellation)
    {
        var unflushed = 0L;
        while (true)
        {
            // Without a buffer: none is held while the upstream has nothing to say.
            var ready = from.ReadAsync(Memory<byte>.Empty, cancellation);
            if (ready.IsCompletedSuccessfully)
            {
                _ = ready.Result;
            }
            else
            {
                await FlushAsync(to, cancellation);
                unflushed = 0;
                await ready;
            }

            var memory = to.GetMemory(ReadSize);
            var read = await from.ReadAsync(memory, cancellation);
            if (read == 0)
            {
                break;
            }
            to.Advance(read);
            unflushed += read;
            if (unflushed >= FlushThreshold)
            {
                await FlushAsync(to, cancellation);
                unflushed = 0;
            }
        }
    }

    private static async ValueTask FlushAsync(PipeWriter to, CancellationToken cancellation)
    {
        var flushed = await to.FlushAsync(cancellation);
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException("the downstream is gone");
        }
    }
}
