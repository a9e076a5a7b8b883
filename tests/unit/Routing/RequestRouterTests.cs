using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using Xunit;

namespace NodeMesh.UnitTests.Routing;

public sealed class RequestRouterTests
{
    private static readonly IPEndPoint ClusterIp = IPEndPoint.Parse("10.96.0.1:80");

    private readonly SnapshotStore _store = new(TimeProvider.System);
    private readonly LoadBalancer _balancer = new(TimeProvider.System, new Random(1));

    public RequestRouterTests() => _store.Apply(new SnapshotDelta
    {
        Version = 1,
        Full = true,
        Services =
        {
            Service("web", "10.0.0.1", "10.96.0.1"), Service("v1", "10.0.1.1"), Service("v2", "10.0.2.1"), Service("v3", "10.0.3.1"),
        },
    });

    [Theory]
    [InlineData(70, 30, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(999_999, 1, 0)]
    [InlineData(5, 90, 5)]
    public void Traffic_is_shared_in_proportion_to_the_weights(uint one, uint two, uint three)
    {
        const int Requests = 20_000;
        Apply(Rule(("v1", one), ("v2", two), ("v3", three)));
        var router = Router();
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < Requests; i++)
        {
            var address = router.Decide(Head).Address!.Address.ToString();
            counts[address] = counts.GetValueOrDefault(address) + 1;
        }

        var sum = (double)(one + two + three);
        var chiSquare = 0.0;
        foreach (var (address, weight) in new[] { ("10.0.1.1", one), ("10.0.2.1", two), ("10.0.3.1", three) })
        {
            var expected = Requests * (weight / sum);
            if (weight == 0)
            {
                Assert.DoesNotContain(address, counts.Keys);
            }
            else if (expected >= 5)
            {
                chiSquare += Math.Pow(counts.GetValueOrDefault(address) - expected, 2) / expected;
            }
        }
        Assert.True(chiSquare < 13.8, $"chi-square {chiSquare}"); // two degrees of freedom, one in a thousand; the seed is fixed
    }

    [Fact]
    public void A_missing_backend_of_weight_zero_breaks_nothing()
    {
        var rule = Rule(("v1", 1));
        rule.Backends.Add(new RouteBackend { Weight = 0 });
        Apply(rule);
        var router = Router();

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(Reason.None, router.Decide(Head).Refusal));
    }

    [Fact]
    public void A_missing_backend_has_its_share_of_errors()
    {
        var rule = Rule(("v1", 1));
        rule.Backends.Add(new RouteBackend { Weight = 1 });
        Apply(rule);
        var router = Router();

        Assert.InRange(Enumerable.Range(0, 1000).Count(_ => router.Decide(Head).Refusal == Reason.InvalidBackend), 430, 570);
    }

    [Fact]
    public void Without_routes_the_Services_own_endpoints_have_the_traffic()
    {
        Assert.Equal("10.0.0.1", Router().Decide(Head).Address!.Address.ToString());
        Assert.Null(Router().Route(Head).Match);
    }

    [Fact]
    public void Routes_are_for_their_port_and_for_the_cluster_IP_alone()
    {
        Apply(Rule(("v1", 1)));
        var direct = IPEndPoint.Parse("10.0.0.1:8080");
        var router = new RequestRouter(_store, _balancer, Connection(direct), direct);

        Assert.Equal(direct, router.Decide(Head).Address);
        Assert.NotNull(_store.Current.FindRoutes("shop/web", 80, "any"));
        Assert.Null(_store.Current.FindRoutes("shop/web", 81, "any"));
    }

    [Fact]
    public void The_routes_of_a_backend_do_not_apply_again()
    {
        Apply(Rule(("v1", 1)));
        _store.Apply(new SnapshotDelta { Version = 3, Routes = { new ServiceRoutes { Service = "shop/v1", Tables = { Table(Rule(("v2", 1))) } } } });

        Assert.Equal("10.0.1.1", Router().Decide(Head).Address!.Address.ToString());
    }

    [Fact]
    public void Routes_that_are_removed_are_gone()
    {
        Apply(Rule(("v1", 1)));
        var router = Router();
        Assert.Equal("10.0.1.1", router.Decide(Head).Address!.Address.ToString());
        _store.Apply(new SnapshotDelta { Version = 3, RemovedRoutes = { "shop/web" } });

        Assert.Equal("10.0.0.1", router.Decide(Head).Address!.Address.ToString());
    }

    [Fact]
    public void A_connection_is_routed_by_server_name()
    {
        var table = new RouteTableEntry(new RouteTable
        {
            Kind = RouteKind.TlsRoute,
            Rules = { Rule(("v1", 1)), Rule(("v2", 1)) },
            Matches = { new RouteMatch { ServerName = "a.example", Rule = 0 }, new RouteMatch { ServerName = "*.example", Rule = 1 } },
        });

        Assert.Equal("10.0.1.1", Decide("a.example").Endpoint!.Address.Address.ToString());
        Assert.Equal("10.0.2.1", Decide("b.example").Endpoint!.Address.Address.ToString());
        Assert.Equal(Reason.NoRoute, Decide("b.other").Refusal);
        Assert.Equal(Reason.NoRoute, Decide(null).Refusal);

        ConnectionDecision Decide(string? name) => ConnectionDecision.Make(_store.Current, table, name, AddressFamily.InterNetwork, default, _balancer);
    }

    private static RequestHead Head => new("GET", "/", "web", false);

    private RequestRouter Router() => new(_store, _balancer, Connection(ClusterIp), ClusterIp);

    private ConnectionRoute Connection(IPEndPoint destination) =>
        ConnectionRoute.For(_store.Current, Direction.Outbound, IPEndPoint.Parse("10.9.9.9:1000"), destination);

    private void Apply(RouteRule rule) => _store.Apply(new SnapshotDelta { Version = 2, Routes = { new ServiceRoutes { Service = "shop/web", Tables = { Table(rule) } } } });

    private static RouteTable Table(RouteRule rule) => new() { Port = 80, Kind = RouteKind.HttpRoute, Rules = { rule }, Matches = { new RouteMatch() } };

    private static RouteRule Rule(params (string Service, uint Weight)[] backends)
    {
        var rule = new RouteRule { Route = "shop/r" };
        rule.Backends.AddRange(backends.Select(backend => new RouteBackend { Port = new BackendPort { Service = $"shop/{backend.Service}", Port = 80 }, Weight = backend.Weight }));
        return rule;
    }

    private static Service Service(string name, string endpoint, params string[] clusterIps) => new()
    {
        Id = $"shop/{name}", Namespace = "shop", Name = name, ClusterIps = { clusterIps },
        Ports = { new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = endpoint, Port = 8080, Ready = true } } } },
    };
}
