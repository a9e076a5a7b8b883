using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;
using static NodeMesh.UnitTests.Forwarding.Http.RuledHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Sessions that an XBackendTrafficPolicy keeps at one endpoint of a Service.</summary>
public sealed class ServiceSessionTests
{
    [Theory(Timeout = 20_000)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_session_of_a_Service_stays_at_the_endpoint_where_it_began(bool isRouted, bool byHeader)
    {
        await using var one = new NamedServer("one");
        await using var two = new NamedServer("two");
        await using var hub = isRouted ? await RoutedHub.StartAsync(new RouteRule()) : await HubFixture.StartAsync();
        hub.Declare(one.EndPoint, two.EndPoint);
        var session = new SessionPersistence { Name = "s", Path = "/", ByHeader = byHeader, AbsoluteTimeoutSeconds = 60 };
        Apply(hub, session);
        var (began, token) = await TurnAsync(null);
        for (var turn = 0; turn < 8; turn++)
        {
            Assert.Equal((began, null), await TurnAsync(token));
        }

        // One that fails does not keep its sessions, nor does one that is gone.
        Apply(hub, session, new TrafficRules { Outliers = new OutlierRules { ConsecutiveErrors = 1, BaseEjectionMilliseconds = 60_000, MaxEjectionMilliseconds = 60_000, MaxEjectionPercent = 50 } });
        var failing = hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints.Single(endpoint => endpoint.Address.Equals(one.EndPoint) == (began == "one"));
        failing.Load.FailedAs(isGateway: true, TimeProvider.System.GetTimestamp());
        var (moved, next) = await TurnAsync(token);
        Assert.NotEqual(began, moved);
        Assert.NotNull(next);
        Assert.Equal((moved, null), await TurnAsync(next));

        async Task<(string Server, string? Token)> TurnAsync(string? brought)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\n{(brought is null ? "" : byHeader ? $"s: {brought}\r\n" : $"Cookie: x=y; s={brought}\r\n")}Connection: close\r\n\r\n");
            var fields = Fields(await client.RestAsync()).ToList();
            var given = fields.SingleOrDefault(field => field.StartsWith(byHeader ? "s: " : "set-cookie: s=", StringComparison.Ordinal));
            return (fields.Single(field => field.StartsWith("x-server: ", StringComparison.Ordinal))[10..], given?.Split(';')[0][(byHeader ? 3 : 14)..]);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_session_waits_for_its_endpoint_as_any_request()
    {
        await using var one = new NamedServer("one");
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(one.EndPoint);
        Apply(hub, new SessionPersistence { Name = "s", Path = "/" }, new TrafficRules { MaxRequests = 1 });
        var endpoint = hub.Store.Current.FindServicePort("shop/web", 80)!.Endpoints[0];
        var lease = Proxy.Balancing.EndpointLease.Begin(endpoint.Load, TimeProvider.System);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\nCookie: s={Proxy.Routing.SessionToken.Write(endpoint, DateTimeOffset.UtcNow)}\r\n\r\n");

        AssertError(await client.HeadAsync(), "503", "circuit_open");
        lease.End();
    }

    [Fact(Timeout = 20_000)]
    public async Task The_sessions_of_a_rule_go_before_those_of_its_backends()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule { SessionPersistence = new SessionPersistence { Name = "of-rule", Path = "/" } });
        Apply(hub, new SessionPersistence { Name = "of-service", Path = "/" });
        var client = await RequestAsync(hub);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync(Ok);

        Assert.StartsWith("set-cookie: of-rule=", Fields(await client.HeadAsync()).Single(field => field.StartsWith("set-cookie", StringComparison.Ordinal)), StringComparison.Ordinal);
    }
}
