using System.Net.Sockets;
using System.Security.Cryptography;
using NodeMesh.Proxy.Accepting;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding;

public sealed class RelayTests : IDisposable
{
    private readonly LoopbackServer _server = new();
    private readonly LoopbackProxy _proxy;

    public RelayTests() => _proxy = new LoopbackProxy(_server.EndPoint);

    public void Dispose()
    {
        _proxy.Dispose();
        _server.Dispose();
    }

    [Fact(Timeout = 15_000)]
    public async Task Bytes_go_both_ways_and_are_counted()
    {
        var (client, server) = await PairAsync();
        await server.SendAsync("pong");
        Assert.Equal("pong", await client.ReadAsync(4));
        client.Dispose();
        Assert.Equal("end", await server.NextAsync());
        server.Dispose();

        await Eventually(async () => await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "reason=\"\"") == 1);
        Assert.Equal(4, await _proxy.MetricAsync("nodemesh_tcp_sent_bytes_total"));
        Assert.Equal(4, await _proxy.MetricAsync("nodemesh_tcp_received_bytes_total"));
        Assert.Equal(0, await _proxy.MetricAsync("nodemesh_tcp_connections_open"));
        Assert.Equal(0, _proxy.Pod.OpenConnections);
        Assert.All(_proxy.Loops.All, loop => Assert.Equal(0, loop.Load));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_client_that_has_nothing_more_to_say_still_gets_the_answer()
    {
        var (client, server) = await PairAsync();
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("end", await server.NextAsync());
        await Task.Delay(300);
        await server.SendAsync("answer");
        server.Dispose();

        Assert.Equal("answer", await client.ReadAsync(6));
        Assert.Equal("end", await client.NextAsync());
    }

    [Fact(Timeout = 15_000)]
    public async Task A_server_that_has_nothing_more_to_say_is_still_listened_to()
    {
        var (client, server) = await PairAsync();
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("end", await client.NextAsync());
        await Task.Delay(300);
        await client.SendAsync("more");
        client.Dispose();

        Assert.Equal("more", await server.ReadAsync(4));
        Assert.Equal("end", await server.NextAsync());
    }

    [Fact(Timeout = 15_000)]
    public async Task A_reset_by_the_client_is_a_reset_for_the_server()
    {
        var (client, server) = await PairAsync();
        client.Reset();
        Assert.Equal("reset", await server.NextAsync());
        await Eventually(async () => await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "downstream_reset") == 1);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_reset_by_the_server_is_a_reset_for_the_client()
    {
        var (client, server) = await PairAsync();
        server.Reset();
        Assert.Equal("reset", await client.NextAsync());
        await Eventually(async () => await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "upstream_reset") == 1);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_reset_gets_through_although_the_other_side_does_not_read()
    {
        var (client, server) = await PairAsync();
        _ = client.SendAsync(new byte[64 * 1024 * 1024]);
        await Task.Delay(300);
        client.Reset();

        await Eventually(() => Task.FromResult(_proxy.Pod.OpenConnections == 0));
        server.Dispose();
    }

    [Fact(Timeout = 15_000)]
    public async Task A_server_that_answers_and_closes_before_it_read_everything_is_heard()
    {
        var (client, server) = await PairAsync();
        _ = client.SendAsync(new byte[256 * 1024]);
        await Task.Delay(200);
        await server.SendAsync("413");
        server.Dispose(); // with unread bytes: the kernel resets

        Assert.Equal("413", await client.ReadAsync(3));
        Assert.Equal("reset", await client.NextAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_sender_is_held_back_while_the_reader_sleeps_and_nothing_is_lost()
    {
        var (client, server) = await PairAsync();
        const int total = 64 * 1024 * 1024;
        var bytes = RandomNumberGenerator.GetBytes(total);
        var accepted = 0;
        var sending = Task.Run(async () =>
        {
            while (accepted < total)
            {
                accepted += await client.SendAsync(bytes.AsMemory(accepted, Math.Min(64 * 1024, total - accepted)));
            }
        });
        await Task.Delay(1000);
        var held = Volatile.Read(ref accepted);
        await Task.Delay(500);

        // What the kernel's buffers on both legs take, and one buffer of the relay's.
        Assert.Equal(held, Volatile.Read(ref accepted));
        Assert.InRange(held, 1, 24 * 1024 * 1024);

        var received = new byte[total];
        for (var length = 0; length < total;)
        {
            length += await server.ReceiveAsync(received.AsMemory(length));
        }
        await sending;
        Assert.True(received.AsSpan().SequenceEqual(bytes));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_quarter_gigabyte_each_way_at_once_arrives_as_it_was_sent()
    {
        var (client, server) = await PairAsync();
        const long total = 256L * 1024 * 1024;
        var results = await Task.WhenAll(
            SendAsync(client, 1, total), SendAsync(server, 2, total), ReceiveAsync(server, total), ReceiveAsync(client, total));

        Assert.Equal(results[0], results[2]);
        Assert.Equal(results[1], results[3]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_thousand_connections_at_once_each_get_their_own_bytes()
    {
        var echo = Task.Run(async () =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _ = EchoAsync(await _server.AcceptAsync());
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async number =>
        {
            using var client = await _proxy.ConnectAsync();
            for (var round = 0; round < 5; round++)
            {
                var text = $"connection {number:0000} round {round}";
                await client.SendAsync(text);
                Assert.Equal(text, await client.ReadAsync(text.Length));
            }
        }));
        await echo;
        await Eventually(() => Task.FromResult(_proxy.Pod.OpenConnections == 0));
    }

    [Fact(Timeout = 15_000)]
    public async Task When_the_pod_goes_both_sides_are_reset_and_its_sockets_are_closed()
    {
        var (client, server) = await PairAsync();
        _proxy.Pod.Close();

        Assert.Equal("reset", await client.NextAsync());
        Assert.Equal("reset", await server.NextAsync());
        Assert.Equal(0, _proxy.Pod.OpenConnections);
        Assert.Equal(0, _proxy.Pod.Sockets(Contract.SocketKind.UpstreamV4).Count);
    }

    [Fact(Timeout = 15_000)]
    public async Task An_inbound_connection_shows_the_server_the_clients_address()
    {
        _proxy.Direction = Direction.Inbound;
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse("127.0.0.77"), 0));
        await client.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync("ping");
        using var server = await _server.AcceptAsync();
        Assert.Equal("ping", await server.ReadAsync(4));
        Assert.Equal("127.0.0.77", ((System.Net.IPEndPoint)server.RemoteEndPoint!).Address.ToString());
    }

    // A connection that is known to be opaque and has carried four bytes.
    private async Task<(Socket Client, Socket Server)> PairAsync()
    {
        var client = await _proxy.ConnectAsync();
        await client.SendAsync("ping");
        var server = await _server.AcceptAsync();
        Assert.Equal("ping", await server.ReadAsync(4));
        return (client, server);
    }

    private static async Task<string> SendAsync(Socket socket, int seed, long total)
    {
        var random = new Random(seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        var buffer = new byte[128 * 1024];
        for (long sent = 0; sent < total; sent += buffer.Length)
        {
            random.NextBytes(buffer);
            hash.AppendData(buffer);
            for (var offset = 0; offset < buffer.Length;)
            {
                offset += await socket.SendAsync(buffer.AsMemory(offset));
            }
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<string> ReceiveAsync(Socket socket, long total)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        var buffer = new byte[128 * 1024];
        while (total > 0)
        {
            var count = await socket.ReceiveAsync(buffer);
            Assert.NotEqual(0, count);
            hash.AppendData(buffer, 0, count);
            total -= count;
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer) is > 0 and var count)
        {
            await socket.SendAsync(buffer.AsMemory(0, count));
        }
        socket.Dispose();
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(10);
        }
    }
}
