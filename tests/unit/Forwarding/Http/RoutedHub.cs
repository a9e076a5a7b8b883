using System.Net;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>A hub whose Service shop/web has one route with one rule.</summary>
internal static class RoutedHub
{
    public const string Get = "GET / HTTP/1.1\r\nHost: web.shop\r\n\r\n";
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    public static BackendPort Port => new() { Service = "shop/web", Port = 80 };

    public static RouteBackend Backend(params RouteFilter[] filters) => new() { Port = Port, Weight = 1, Filters = { filters } };

    public static RouteFilter SetRequest(string name, string value) =>
        new() { RequestHeaders = new HeaderModifier { Set = { new HeaderValue { Name = name, Value = value } } } };

    public static RouteFilter MirrorTo(uint percent = 100) =>
        new() { Mirror = new Mirror { Port = new BackendPort { Service = "shop/mirror", Port = 80 }, Numerator = percent, Denominator = 100 } };

    public static RouteRule Retrying(uint status) => new() { Retry = new RouteRetry { Attempts = 3, Codes = { status }, BackoffMilliseconds = 1 } };

    public static Task<HubFixture> StartAsync(RouteRule rule, IPEndPoint? also = null, IPEndPoint? mirror = null) => StartAsync(new RouteMatch(), rule, also, mirror);

    public static async Task<HubFixture> StartAsync(RouteMatch match, RouteRule rule, IPEndPoint? also = null, IPEndPoint? mirror = null)
    {
        var hub = await HubFixture.StartAsync();
        hub.Declare(also is null ? [hub.Upstream] : [hub.Upstream, also]);
        if (mirror is not null)
        {
            hub.Store.Apply(new SnapshotDelta
            {
                Version = hub.Store.Current.Version + 1,
                Services =
                {
                    new Service
                    {
                        Id = "shop/mirror", Namespace = "shop", Name = "mirror",
                        Ports = { new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = mirror.Address.ToString(), Port = (uint)mirror.Port, Ready = true } } } },
                    },
                },
            });
        }
        Apply(hub, match, rule);
        return hub;
    }

    public static void Apply(HubFixture hub, RouteMatch match, RouteRule rule) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1,
        Routes = { new ServiceRoutes { Service = "shop/web", Tables = { Table("", match, rule) } } },
    });

    // Without a backend of its own a rule goes to the Service itself, unless it answers.
    public static RouteTable Table(string consumer, RouteMatch match, RouteRule rule)
    {
        rule.Route = "shop/r";
        if (rule.Backends.Count == 0 && !rule.Filters.Any(filter => filter.Redirect is not null))
        {
            rule.Backends.Add(Backend());
        }
        return new RouteTable { Port = 80, ConsumerNamespace = consumer, Kind = RouteKind.HttpRoute, Rules = { rule }, Matches = { match } };
    }

    public static async Task AssertAnswerAsync(HubFixture hub, string status, string error)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(Get);
        AssertError(await client.HeadAsync(), status, error);
    }

    public static void AssertError(string head, string status, string error)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nnodemesh-error: {error}\r\n", head, StringComparison.Ordinal);
    }

    public static IEnumerable<string> Fields(string head) =>
        head.Split("\r\n\r\n")[0].Split("\r\n").Skip(1).Select(line => line.ToLowerInvariant()).Order(StringComparer.Ordinal);

    public static async Task<(Peer Upstream, bool IsOther)> AnyAsync(HubFixture hub, UpstreamListener other)
    {
        var one = hub.UpstreamAsync();
        var two = other.AcceptAsync();
        var first = await Task.WhenAny(one, two);
        return (await first, first == two);
    }
}
