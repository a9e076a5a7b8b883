using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Balancing;

public class TrafficPolicyTests
{
    private const int Endpoints = 5;

    private readonly ManualTime _time = new();
    private readonly SnapshotStore _store;
    private readonly LoadBalancer _balancer;
    private ulong _version;

    public TrafficPolicyTests()
    {
        _store = new SnapshotStore(_time);
        _balancer = new LoadBalancer(_time, new Random(1));
    }

    private ServicePortEntry Port => _store.Current.FindServicePort("shop/web", 80)!;

    [Fact]
    public void Round_robin_takes_one_after_the_other()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin });

        var picked = Enumerable.Range(0, Endpoints * 3).Select(_ => Pick()).ToList();

        Assert.All(picked.GroupBy(endpoint => endpoint), group => Assert.Equal(3, group.Count()));
        Assert.Equal(Endpoints, picked.Take(Endpoints).Distinct().Count());
    }

    [Fact]
    public void Random_reaches_all_whatever_their_load()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.Random });
        for (var i = 0; i < 50; i++)
        {
            Port.Endpoints[0].Load.Begin();
        }

        Assert.All(Enumerable.Range(0, 5_000).GroupBy(_ => Pick()), group => Assert.InRange(group.Count(), 850, 1_150));
    }

    [Theory]
    [InlineData("header")]
    [InlineData("cookie")]
    [InlineData("query")]
    [InlineData("ip")]
    public void What_has_the_same_key_goes_to_the_same_endpoint(string by)
    {
        Apply(new TrafficRules
        {
            Algorithm = BalancingAlgorithm.ConsistentHash,
            HashKey = by switch
            {
                "header" => new HashKey { Header = "x-user" },
                "cookie" => new HashKey { Cookie = "user" },
                "query" => new HashKey { Query = "user" },
                _ => new HashKey { SourceIp = true },
            },
        });

        var homes = Enumerable.Range(0, 200).ToDictionary(user => user, user => Pick(Facts(by, user)));

        Assert.All(homes, home => Assert.Equal(home.Value, Pick(Facts(by, home.Key))));
        Assert.All(homes.Values.GroupBy(home => home), group => Assert.InRange(group.Count(), 20, 65));
        Assert.Equal(Endpoints, homes.Values.Distinct().Count());
    }

    [Fact]
    public void Only_what_went_to_an_endpoint_moves_when_it_goes()
    {
        var rules = new TrafficRules { Algorithm = BalancingAlgorithm.ConsistentHash, HashKey = new HashKey { Header = "x-user" } };
        Apply(rules);
        var before = Enumerable.Range(0, 250).ToDictionary(user => user, user => Pick(Facts("header", user)));

        Apply(rules, Endpoints - 1);

        var gone = $"10.0.0.{Endpoints}";
        Assert.Contains(gone, before.Values);
        Assert.All(before.Where(home => home.Value != gone), home => Assert.Equal(home.Value, Pick(Facts("header", home.Key))));
    }

    [Fact]
    public void Bounded_load_passes_over_who_has_too_much()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.ConsistentHash, HashKey = new HashKey { Header = "x-user" }, BoundedLoadPercent = 125 });
        var home = Pick(Facts("header", 1));
        for (var i = 0; i < 10; i++)
        {
            Endpoint(home).Load.Begin();
        }

        var other = Pick(Facts("header", 1));

        Assert.NotEqual(home, other);
        Assert.Equal(other, Pick(Facts("header", 1)));
    }

    [Theory]
    [InlineData(Locality.PreferNode, "n1", "z1", "10.0.0.1")]
    [InlineData(Locality.PreferZone, "n1", "z1", "10.0.0.1,10.0.0.2")]
    [InlineData(Locality.PreferNode, "n9", "z1", "10.0.0.1,10.0.0.2")]
    [InlineData(Locality.PreferZone, "n9", "z9", "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5")]
    [InlineData(Locality.Anywhere, "n1", "z1", "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5")]
    public void Near_endpoints_come_first(Locality locality, string node, string zone, string expected)
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Locality = locality });
        var facts = new PickFacts(new WorkloadEntry("shop/cart", "shop", "cart", "", "", node, zone), null, default);

        Assert.Equal(expected.Split(','), Enumerable.Range(0, 20).Select(_ => Pick(facts)).Distinct().Order());
    }

    [Fact]
    public void A_near_endpoint_that_fails_is_made_up_for_by_the_next_nearest()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Locality = Locality.PreferNode, Outliers = Outliers() });
        var facts = new PickFacts(new WorkloadEntry("shop/cart", "shop", "cart", "", "", "n1", "z1"), null, default);

        Fail("10.0.0.1", 3);
        Assert.Equal(["10.0.0.2"], Enumerable.Range(0, 20).Select(_ => Pick(facts)).Distinct());
        Fail("10.0.0.2", 3);
        Assert.Equal(["10.0.0.3", "10.0.0.4", "10.0.0.5"], Enumerable.Range(0, 20).Select(_ => Pick(facts)).Distinct().Order());
    }

    [Fact]
    public void An_endpoint_that_fails_three_times_in_a_row_is_spared_for_a_time_that_grows()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Outliers = Outliers() });
        Fail("10.0.0.1", 2);
        Judge("10.0.0.1", isError: false);
        Fail("10.0.0.1", 2);
        Assert.Contains("10.0.0.1", Round());

        Fail("10.0.0.1", 1);
        Assert.DoesNotContain("10.0.0.1", Round());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains("10.0.0.1", Round());

        Fail("10.0.0.1", 3);
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.DoesNotContain("10.0.0.1", Round());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("10.0.0.1", Round());
    }

    [Fact]
    public void No_more_than_the_stated_share_is_spared()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Outliers = Outliers(maxPercent: 40) });
        for (var i = 1; i <= Endpoints; i++)
        {
            Fail($"10.0.0.{i}", 3);
        }

        Assert.Equal(["10.0.0.3", "10.0.0.4", "10.0.0.5"], Round().Distinct().Order());
    }

    [Fact]
    public void The_only_endpoint_is_never_spared()
    {
        Apply(new TrafficRules { Outliers = Outliers(maxPercent: 50) }, endpoints: 1);
        Fail("10.0.0.1", 30);

        Assert.Equal("10.0.0.1", Pick());
    }

    [Fact]
    public void When_too_few_are_left_all_are_used()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Outliers = Outliers(maxPercent: 100, panicPercent: 50) });
        Fail("10.0.0.1", 3);
        Fail("10.0.0.2", 3);
        Assert.Equal(3, Round().Distinct().Count());

        Fail("10.0.0.3", 3);

        Assert.Equal(Endpoints, Round().Distinct().Count());
    }

    [Fact]
    public void Gateway_errors_are_counted_by_themselves()
    {
        var outliers = Outliers();
        (outliers.ConsecutiveErrors, outliers.ConsecutiveGatewayErrors) = (0, 2);
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, Outliers = outliers });
        for (var i = 0; i < 10; i++)
        {
            Judge("10.0.0.1", isError: true);
        }
        Assert.Contains("10.0.0.1", Round());

        Judge("10.0.0.1", isError: true, isGateway: true);
        Judge("10.0.0.1", isError: true, isGateway: true);

        Assert.DoesNotContain("10.0.0.1", Round());
    }

    [Fact]
    public void What_is_under_way_and_who_is_spared_outlives_a_snapshot()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, MaxRequests = 1, Outliers = Outliers() });
        EndpointLease.Begin(Port.Endpoints[0].Load, _time);
        Fail("10.0.0.1", 3);

        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, MaxRequests = 1, Outliers = Outliers() }, Endpoints - 1);

        Assert.True(Port.Traffic.IsOpen(isRequest: true, holdsConnection: false));
        Assert.DoesNotContain("10.0.0.1", Round());
    }

    [Fact]
    public void Without_its_policy_a_port_goes_back_to_the_defaults()
    {
        Apply(new TrafficRules { MaxRequests = 1 });
        Assert.NotNull(Port.Traffic.Rules);

        _store.Apply(new SnapshotDelta { Version = ++_version, RemovedPolicies = { "shop" } });

        Assert.Null(Port.Traffic.Rules);
    }

    private static OutlierRules Outliers(uint maxPercent = 50, uint panicPercent = 0) => new()
    {
        ConsecutiveErrors = 3, BaseEjectionMilliseconds = 10_000, MaxEjectionMilliseconds = 60_000, MaxEjectionPercent = maxPercent, PanicThresholdPercent = panicPercent,
    };

    private static PickFacts Facts(string by, int user) => new(null, IPAddress.Parse($"10.1.0.{user}"), by switch
    {
        "header" => new RequestHead("GET", "/", "", false, new TestFields(("x-user", $"{user}"))),
        "cookie" => new RequestHead("GET", "/", "", false, new TestFields(("cookie", $"a=b; user={user}; c=d"))),
        _ => new RequestHead("GET", $"/?user={user}", "", false),
    });

    private void Apply(TrafficRules rules, int endpoints = Endpoints)
    {
        rules.Policy = "shop/p";
        var port = new ServicePort { Port = 80 };
        var delta = new SnapshotDelta
        {
            Version = ++_version,
            Services = { new Service { Id = "shop/web", Namespace = "shop", Name = "web", Ports = { port } } },
            Policies = { new ScopedPolicies { Scope = "shop", Traffic = rules } },
        };
        for (var i = 1; i <= endpoints; i++)
        {
            delta.Workloads.Add(new Workload { Id = $"shop/web-{i}", Namespace = "shop", Node = $"n{i}", Zone = i <= 2 ? "z1" : "z2", Addresses = { $"10.0.0.{i}" } });
            port.Endpoints.Add(new Endpoint { Address = $"10.0.0.{i}", Port = 8080, Workload = $"shop/web-{i}", Ready = true });
        }
        _store.Apply(delta);
    }

    private EndpointEntry Endpoint(string address) => Port.Endpoints.Single(endpoint => endpoint.Address.Address.ToString() == address);

    private void Fail(string address, int times)
    {
        for (var i = 0; i < times; i++)
        {
            EndpointLease.Begin(Endpoint(address).Load, _time).Failed();
            Endpoint(address).Load.End();
        }
    }

    private void Judge(string address, bool isError, bool isGateway = false)
    {
        var lease = EndpointLease.Begin(Endpoint(address).Load, _time);
        lease.Judged(isError, isGateway);
        lease.End();
    }

    private IEnumerable<string> Round() => Enumerable.Range(0, Endpoints * 2).Select(_ => Pick()).ToList();

    private string Pick(PickFacts facts = default) => _balancer.Pick(Port, AddressFamily.InterNetwork, facts)!.Address.Address.ToString();
}
