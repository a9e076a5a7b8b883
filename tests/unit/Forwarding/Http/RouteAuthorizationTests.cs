using System.Net;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Forwarding.Http.RoutedHub;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>AuthorizationPolicies attached to a route: asked beside the client, with the request as it was sent.</summary>
public class RouteAuthorizationTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("127.0.0.1:4711");

    [Theory(Timeout = 10_000)]
    [InlineData("HTTPRoute/shop/r", true)]
    [InlineData("HTTPRoute/shop/r#first", true)]
    [InlineData("HTTPRoute/shop/r#second", false)]
    [InlineData("HTTPRoute/shop/other", false)]
    [InlineData("GRPCRoute/shop/r", false)]
    public async Task A_denial_counts_for_the_route_or_the_rule_it_is_attached_to(string scope, bool denied)
    {
        await using var hub = await StartAsync(new RouteRule { Name = "first" });
        Put(hub, scope, Deny());

        if (denied)
        {
            await AssertAnswerAsync(hub, "403", "denied");
            await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "reason=\"denied\"", "route=\"shop/r\"");
            await hub.EventuallyCountsAsync("nodemesh_authorization_denied_total", "policy=\"shop/p\"");
        }
        else
        {
            await AssertPassesAsync(hub, Get);
        }
    }

    [Fact(Timeout = 10_000)]
    public async Task The_path_is_the_one_the_client_sent_and_not_the_rewritten_one()
    {
        var rewrite = new RouteFilter { UrlRewrite = new UrlRewrite { Path = new PathModifier { Full = "/inner" } } };
        await using var hub = await StartAsync(new RouteRule { Name = "first", Filters = { rewrite } });
        Put(hub, "HTTPRoute/shop/r", Allow(new OperationMatch { Paths = { new PathMatch { Prefix = "/outer" } }, Ports = { 80 } }));

        await AssertPassesAsync(hub, "GET /outer HTTP/1.1\r\nHost: web.shop\r\n\r\n");
        await AssertAnswerAsync(hub, "403", "denied");
    }

    [Fact(Timeout = 10_000)]
    public async Task Who_is_denied_uses_up_no_limit()
    {
        await using var hub = await StartAsync(new RouteRule { Name = "first" });
        Put(hub, "HTTPRoute/shop/r", Allow(new OperationMatch { Methods = { "GET" } }), new RateLimitRules
        {
            Policy = "shop/l", Limits = { new RateLimitRule { Name = "one", Requests = 1, PerMilliseconds = 3_600_000, Burst = 1 } },
        });

        for (var i = 0; i < 3; i++)
        {
            var client = await hub.ClientAsync(HubFixture.ClusterIp);
            await client.SendAsync("PUT / HTTP/1.1\r\nHost: web.shop\r\nContent-Length: 0\r\n\r\n");
            AssertError(await client.HeadAsync(), "403", "denied");
        }
        await AssertPassesAsync(hub, Get);
        await AssertAnswerAsync(hub, "429", "rate_limited");
    }

    [Fact(Timeout = 10_000)]
    public async Task A_change_ends_the_request_under_way_that_it_forbids_and_no_other()
    {
        await using var hub = await StartAsync(new RouteRule { Name = "first" });
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();

        Put(hub, "HTTPRoute/shop/r#second", Deny());
        Put(hub, "HTTPRoute/shop/r", Allow(new OperationMatch { Methods = { "PUT" } }));
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        Assert.StartsWith("HTTP/1.1 200 OK", await client.HeadAsync(), StringComparison.Ordinal);

        Put(hub, "HTTPRoute/shop/r", Deny());

        await Assert.ThrowsAnyAsync<Exception>(client.RestAsync);
    }

    private static async Task AssertPassesAsync(HubFixture hub, string request)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp, client: Client);
        await client.SendAsync(request);
        var upstream = await hub.UpstreamAsync();
        await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        Assert.StartsWith("HTTP/1.1 200 OK", await client.HeadAsync(), StringComparison.Ordinal);
    }

    private static Contract.Authorization Deny() => new() { Policy = "shop/p", Action = AuthorizationAction.Deny, Rules = { new AuthorizationRule() } };

    private static Contract.Authorization Allow(OperationMatch operation) =>
        new() { Policy = "shop/p", Action = AuthorizationAction.Allow, Rules = { new AuthorizationRule { To = { operation } } } };

    private static void Put(HubFixture hub, string scope, Contract.Authorization authorization, RateLimitRules? limit = null) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1,
        Policies = { new ScopedPolicies { Scope = scope, Authorizations = { authorization }, RateLimit = limit } },
    });
}
