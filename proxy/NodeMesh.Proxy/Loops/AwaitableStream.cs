using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace NodeMesh.Proxy.Loops;

/// <summary>
/// A socket as a stream, for code of the framework (TLS, HTTP/2), which goes on in the thread pool: it may have much to do, and others live on the loop.
/// Owns the socket. A read of no bytes waits until there are some.
/// </summary>
internal class AwaitableStream(AwaitableSocket socket) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await using var registration = cancellationToken.UnsafeRegister(static socket => ((AwaitableSocket)socket!).Nudge(), socket);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (buffer.IsEmpty)
                {
                    if (!socket.IsDry())
                    {
                        return 0;
                    }
                }
                else if (socket.TryReceive(buffer.Span) is var count and not AwaitableSocket.Nothing)
                {
                    return count;
                }
                await socket.WaitToReceiveAsync();
                await LeaveLoop();
            }
        }
        catch (SocketException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await using var registration = cancellationToken.UnsafeRegister(static socket => ((AwaitableSocket)socket!).Nudge(), socket);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                buffer = buffer[socket.TrySend(buffer.Span)..];
                if (buffer.IsEmpty)
                {
                    return;
                }
                await socket.WaitToSendAsync();
                await LeaveLoop();
            }
        }
        catch (SocketException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is read by ReadAsync");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is written by WriteAsync");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
        }
        base.Dispose(disposing);
    }

    private static ConfiguredTaskAwaitable LeaveLoop() =>
        Task.CompletedTask.ConfigureAwait(EventLoop.Current is null ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.ForceYielding);
}
