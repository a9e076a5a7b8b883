using System.IO.Pipelines;
using System.Net.Sockets;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>
/// What an HTTP/2 downstream is told. Kestrel flushes after each frame of each stream, which would be a system call for each; here a thread of the pool sends
/// what has gathered until its turn comes. A flush waits only while more than <see cref="Most"/> bytes are on their way.
/// </summary>
internal sealed class GatheredOutput
{
    private const int Most = 64 * 1024;
    private const int SegmentSize = 16 * 1024;

    // A client that has stopped reading must not keep its socket for ever.
    private static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(10);

    private readonly AwaitableSocket _socket;
    private readonly DownstreamTransport _transport;
    private readonly Pipe _pipe;
    private readonly Task _sending;

    public GatheredOutput(AwaitableSocket socket, DownstreamTransport transport)
    {
        _socket = socket;
        _transport = transport;
        _pipe = new Pipe(new PipeOptions(pauseWriterThreshold: Most, resumeWriterThreshold: Most / 2, minimumSegmentSize: SegmentSize, useSynchronizationContext: false));
        _sending = SendAsync();
    }

    public PipeWriter Writer => _pipe.Writer;

    /// <summary>Nothing comes any more. Completes when the kernel has taken all, or takes no more, or has not for 10 s.</summary>
    public async ValueTask CompleteAsync()
    {
        await _pipe.Writer.CompleteAsync();
        await _sending.WaitAsync(LastBytes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync()
    {
        try
        {
            ReadResult result;
            do
            {
                result = await _pipe.Reader.ReadAsync();
                foreach (var part in result.Buffer)
                {
                    await _socket.SendAsync(part);
                    _transport.Received(part.Length);
                }
                _pipe.Reader.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It takes no more: a flush says so from here on.
        }
        await _pipe.Reader.CompleteAsync();
    }
}
