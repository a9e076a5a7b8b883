using System.Net.Sockets;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding;

/// <summary>Measures the whole process, so nothing else may run beside it.</summary>
[Collection("Alone")]
public sealed class RelayMemoryTests : IDisposable
{
    private readonly LoopbackServer _server = new();
    private readonly LoopbackProxy _proxy;

    public RelayMemoryTests() => _proxy = new LoopbackProxy(_server.EndPoint);

    public void Dispose()
    {
        _proxy.Dispose();
        _server.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task An_idle_connection_costs_less_than_two_kilobytes_of_managed_memory()
    {
        const int count = 1000;
        var first = await PairAsync();
        var before = await SettledMemoryAsync();
        var sockets = new List<Socket>(2 * count);
        for (var i = 0; i < count; i++)
        {
            var (client, server) = await PairAsync();
            sockets.Add(client);
            sockets.Add(server);
        }
        await Eventually(() => Task.FromResult(_proxy.Loops.All.Sum(loop => loop.Load) == count + 1));
        var with = await SettledMemoryAsync();

        // The test's own two sockets of a connection, with their asynchronous state.
        var plain = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await Task.WhenAll(client.ConnectAsync(_server.EndPoint), Task.Run(async () => plain.Add(await _server.AcceptAsync())));
            plain.Add(client);
            await client.SendAsync("ping");
            await plain[^2].ReadAsync(4);
        }
        var own = await SettledMemoryAsync() - with;
        var each = (with - before - own) / count;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes a connection");
        Assert.InRange(each, 0, 2048);
        first.Client.Dispose();
        first.Server.Dispose();
        sockets.ForEach(socket => socket.Dispose());
        plain.ForEach(socket => socket.Dispose());
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

    // Sockets that other tests left to the finalizer hold on to their buffers.
    private static async Task<long> SettledMemoryAsync()
    {
        long now, before = long.MaxValue;
        while ((now = GC.GetTotalMemory(forceFullCollection: true)) < before - 64 * 1024)
        {
            before = now;
            GC.WaitForPendingFinalizers();
            await Task.Delay(100);
        }
        return now;
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(10);
        }
    }
}
