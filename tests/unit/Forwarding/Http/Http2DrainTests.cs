using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class Http2DrainTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_drain_says_GOAWAY_and_what_is_under_way_ends_whole()
    {
        await using var hub = await HubFixture.StartAsync();
        var begun = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        await using var server = await Http2Server.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                begun.SetResult();
                await finish.Task;
            }
            await context.Response.WriteAsync("whole", context.RequestAborted);
        });
        var connections = 0;
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, _) =>
            {
                connections++;
                return new NetworkStream((await hub.ClientAsync(server.Address, http2: true)).Socket, ownsSocket: true);
            },
        });

        var slow = GetAsync(client, "/slow");
        await begun.Task;
        var draining = hub.Hub.DrainAsync(hub.Pod, TestContext.Current.CancellationToken);
        // A client that has seen GOAWAY opens no stream on that connection: its next request makes it dial.
        for (var turn = 0; connections == 1 && turn < 100; turn++)
        {
            try
            {
                Assert.Equal("whole", await GetAsync(client, "/next"));
            }
            catch (HttpRequestException)
            {
                // The second connection is told the same at once.
            }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        Assert.False(slow.IsCompleted);
        finish.SetResult();

        Assert.Equal("whole", await slow);
        Assert.NotEqual(1, connections);
        client.Dispose();
        await draining;
    }

    private static async Task<string> GetAsync(HttpMessageInvoker client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://a{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
