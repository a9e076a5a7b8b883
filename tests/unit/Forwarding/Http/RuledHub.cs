using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>A hub whose Service has a TrafficPolicy or an XBackendTrafficPolicy.</summary>
internal static class RuledHub
{
    public static async Task<HubFixture> StartAsync(bool isRouted, TrafficRules rules)
    {
        var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule()) : await HubFixture.StartAsync();
        if (!isRouted)
        {
            hub.Declare(hub.Upstream);
        }
        Apply(hub, rules);
        return hub;
    }

    public static void Apply(HubFixture hub, TrafficRules rules) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1, Policies = { new ScopedPolicies { Scope = "shop/web", Traffic = rules } },
    });

    public static void Apply(HubFixture hub, SessionPersistence session, TrafficRules? rules = null) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1, Policies = { new ScopedPolicies { Scope = "shop/web", Backend = new BackendRules { SessionPersistence = session }, Traffic = rules } },
    });

    public static int Connections(HubFixture hub) => hub.Store.Current.FindServicePort("shop/web", 80)!.Traffic.Connections.Open;

    public static HttpMessageInvoker Http2Client(HubFixture hub) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, _) => new NetworkStream((await hub.ClientAsync(HubFixture.ClusterIp, http2: true)).Socket, ownsSocket: false),
    });

    public static async Task<Peer> RequestAsync(HubFixture hub)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        return client;
    }

    public static async Task FailAsync(Peer upstream, string status = "503 Busy")
    {
        await upstream.HeadAsync();
        await upstream.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    }

    public static int Waiting(HubFixture hub) => hub.Store.Current.FindServicePort("shop/web", 80)!.Traffic.Pending.Count;

    public static async Task WaitsAsync(HubFixture hub, int count)
    {
        while (Waiting(hub) != count)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
