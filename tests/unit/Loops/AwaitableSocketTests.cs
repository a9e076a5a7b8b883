using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Proxy.Loops;
using NodeMesh.UnitTests.Forwarding;
using NodeMesh.UnitTests.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Loops;

public sealed class AwaitableSocketTests : IDisposable
{
    private const int Megabyte = 1 << 20;

    // One loop, so that whoever keeps it busy is noticed.
    private readonly EventLoops _loops = new(1, NullLoggerFactory.Instance);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public AwaitableSocketTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _loops.Dispose();
    }

    [Fact(Timeout = 30_000)]
    public async Task What_is_sent_arrives_in_order_though_the_peer_reads_slowly()
    {
        var (socket, peer) = await PairAsync();
        var bytes = RandomNumberGenerator.GetBytes(8 * Megabyte);

        var sending = socket.SendAsync(bytes).AsTask();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(sending.IsCompleted); // the kernel has no room for so much
        var received = new byte[bytes.Length];
        for (var count = 0; count < received.Length;)
        {
            count += await peer.ReceiveAsync(received.AsMemory(count, Math.Min(70_000, received.Length - count)));
        }

        await sending;
        Assert.Equal(bytes, received);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_is_received_is_in_order_whatever_the_pieces_up_to_the_end_behind_it()
    {
        var (socket, peer) = await PairAsync();
        var bytes = RandomNumberGenerator.GetBytes(4 * Megabyte);

        var sending = SendAsync(peer, bytes);
        var received = new byte[bytes.Length];
        for (var count = 0; count < received.Length;)
        {
            var size = Math.Min(RandomNumberGenerator.GetInt32(1, 100_000), received.Length - count);
            count += await socket.ReceiveAsync(received.AsMemory(count, size));
        }
        await sending;

        Assert.Equal(bytes, received);
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
    }

    [Fact(Timeout = 30_000)]
    public async Task An_end_that_came_with_the_last_bytes_is_not_missed()
    {
        var (socket, peer) = await PairAsync();
        await peer.SendAsync("all");
        peer.Shutdown(SocketShutdown.Send);
        await Task.Delay(20, TestContext.Current.CancellationToken); // both have come when it looks

        Assert.Equal(3, await socket.ReceiveAsync(new byte[100]));
        Assert.Equal(0, await socket.ReceiveAsync(new byte[100]));
        await socket.SendAsync("yet"u8.ToArray()); // the other way is as good as before
        Assert.Equal("yet", await peer.ReadAsync(3));
    }

    [Theory(Timeout = 30_000)]
    [InlineData(false, "end")]
    [InlineData(true, "reset")]
    public async Task Closing_it_ends_a_read_and_a_write_that_wait_and_the_peer_hears_of_it(bool isReset, string heard)
    {
        var (socket, peer) = await PairAsync();
        var reading = socket.ReceiveAsync(new byte[10]).AsTask();
        var writing = isReset ? socket.SendAsync(new byte[8 * Megabyte]).AsTask() : Task.FromException(new ObjectDisposedException(""));
        await Task.Delay(20, TestContext.Current.CancellationToken);

        if (isReset)
        {
            socket.Reset();
        }
        else
        {
            socket.Dispose();
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await socket.ReceiveAsync(new byte[10]));
        var last = "";
        while ((last = await peer.NextAsync()) is not ("end" or "reset"))
        {
        }
        Assert.Equal(heard, last);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_reset_by_the_peer_is_told_to_whoever_reads()
    {
        var (socket, peer) = await PairAsync();
        var reading = socket.ReceiveAsync(new byte[10]).AsTask();
        peer.Reset();

        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => reading)).SocketErrorCode);
    }

    [Fact(Timeout = 30_000)]
    public async Task Whoever_never_runs_dry_leaves_turns_for_the_others_of_its_loop()
    {
        var (flooded, flood) = await PairAsync();
        var (socket, peer) = await PairAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var sending = Task.Run(async () =>
        {
            var bytes = new byte[Megabyte];
            while (!over.IsCancellationRequested)
            {
                await flood.SendAsync(bytes);
            }
        });
        var reading = Task.Run(async () =>
        {
            var one = new byte[1];
            while (await flooded.ReceiveAsync(one) > 0)
            {
            }
        });

        for (var turn = 0; turn < 20; turn++)
        {
            var next = socket.ReceiveAsync(new byte[10]).AsTask();
            await peer.SendAsync("ping");
            Assert.Equal(4, await next);
        }

        await over.CancelAsync();
        flooded.Reset();
        await Assert.ThrowsAnyAsync<Exception>(() => Task.WhenAll(sending, reading));
    }

    // A descriptor that is closed while a call is about to use it is soon another connection's.
    [Fact(Timeout = 60_000)]
    public async Task No_byte_goes_astray_while_others_are_closed_from_all_sides()
    {
        for (var round = 0; round < 30; round++)
        {
            var doomed = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PairAsync()));
            var busy = doomed.Select(pair => Task.Run(async () =>
            {
                var bytes = new byte[1000];
                Array.Fill(bytes, (byte)'!');
                while (true)
                {
                    await pair.Socket.SendAsync(bytes);
                    pair.Socket.TryReceive(bytes.AsSpan(0, 1));
                }
            })).ToArray();
            var closing = doomed.Select(pair => Task.Run(pair.Socket.Dispose)).ToArray();
            var fresh = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PairAsync()));
            await Task.WhenAll(closing);
            foreach (var task in busy)
            {
                await Assert.ThrowsAnyAsync<Exception>(() => task);
            }
            foreach (var (socket, peer) in fresh)
            {
                await socket.SendAsync("mine"u8.ToArray());
                Assert.Equal("mine", await peer.ReadAsync(4));
                socket.Dispose();
                Assert.Equal("end", await peer.NextAsync());
                peer.Dispose();
            }
            foreach (var (_, peer) in doomed)
            {
                peer.Dispose();
            }
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_stream_on_it_gives_up_when_told_so_and_can_be_read_again()
    {
        var (socket, peer) = await PairAsync();
        await using var stream = new AwaitableStream(socket);
        using var limit = new CancellationTokenSource();
        var reading = stream.ReadAsync(new byte[10], limit.Token).AsTask();
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        var next = stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken).AsTask();
        Assert.False(next.IsCompleted);
        await peer.SendAsync("ok");
        Assert.Equal(0, await next);
        Assert.Equal(2, await stream.ReadAsync(new byte[10], TestContext.Current.CancellationToken));
    }

    private static async Task SendAsync(Socket peer, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await peer.SendAsync(bytes.AsMemory(sent));
        }
        peer.Shutdown(SocketShutdown.Send);
    }

    private async Task<(TestSocket Socket, Socket Peer)> PairAsync()
    {
        var made = new TaskCompletionSource<(TestSocket, Socket)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = _loops.Next();
        loop.Post(() =>
        {
            try
            {
                var socket = new TestSocket(PlainSockets.Connect((IPEndPoint)_listener.LocalEndPoint!, loop));
                var peer = _listener.Accept();
                Assert.Equal(0, socket.Start());
                made.SetResult((socket, peer));
            }
            catch (Exception exception)
            {
                made.SetException(exception);
            }
        });
        return await made.Task;
    }

    private sealed class TestSocket(LoopSocket socket) : AwaitableSocket(socket);
}
