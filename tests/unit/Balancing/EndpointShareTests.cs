using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using Xunit;

namespace NodeMesh.UnitTests.Balancing;

/// <summary>Endpoints that have just come, and those that do worse than the others.</summary>
public class EndpointShareTests
{
    private const int Picks = 4000;

    private readonly ManualTime _time = new();
    private readonly SnapshotStore _store;
    private readonly LoadBalancer _balancer;
    private ulong _version;

    public EndpointShareTests()
    {
        _store = new SnapshotStore(_time);
        _balancer = new LoadBalancer(_time, new Random(1));
    }

    private ServicePortEntry Port => _store.Current.FindServicePort("shop/web", 80)!;

    [Theory]
    [InlineData(BalancingAlgorithm.LeastRequest)]
    [InlineData(BalancingAlgorithm.RoundRobin)]
    [InlineData(BalancingAlgorithm.Random)]
    public void A_new_endpoint_gets_its_share_by_and_by(BalancingAlgorithm algorithm)
    {
        var rules = new TrafficRules { Algorithm = algorithm, SlowStartMilliseconds = 60_000 };
        Apply(rules, 2);
        _time.Advance(TimeSpan.FromMinutes(2));
        Apply(rules, 3);

        // A tenth of its share: 0.1 in 2.1. By load it may get less, since what it needs is not known yet.
        var shares = new List<double> { Share("10.0.0.3") };
        _time.Advance(TimeSpan.FromSeconds(30));
        shares.Add(Share("10.0.0.3"));
        _time.Advance(TimeSpan.FromSeconds(30));
        shares.Add(Share("10.0.0.3"));

        Assert.InRange(shares[0], algorithm == BalancingAlgorithm.LeastRequest ? 0 : 0.01, 0.10);
        Assert.InRange(shares[1], 0.14, 0.27);
        Assert.InRange(shares[2], 0.28, 0.40);
    }

    [Fact]
    public void Where_all_are_new_all_share_alike()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.Random, SlowStartMilliseconds = 60_000 }, 4);

        Assert.All(Enumerable.Range(1, 4), i => Assert.InRange(Share($"10.0.0.{i}"), 0.2, 0.3));
    }

    [Fact]
    public void An_endpoint_that_does_clearly_worse_than_the_others_is_spared()
    {
        Apply(Comparing(), 6);
        Judge(failuresOfFirst: 30);
        Assert.Equal(6, Round());

        _time.Advance(TimeSpan.FromSeconds(10));
        Judge(failuresOfFirst: 30);

        Assert.Equal(5, Round());
        Assert.Equal(0, Share("10.0.0.1"));
    }

    [Theory]
    [InlineData(6, 50, 2)]
    [InlineData(4, 50, 30)]
    [InlineData(6, 5, 3)]
    public void None_is_where_all_do_alike_or_too_little_is_known(int endpoints, int requests, int failures)
    {
        Apply(Comparing(), endpoints);
        for (var turn = 0; turn < 2; turn++)
        {
            Judge(failures, requests, failuresOfOthers: failures == 2 ? 2 : 0);
            _time.Advance(TimeSpan.FromSeconds(10));
        }
        Judge(0, 1);

        Assert.Equal(endpoints, Round());
    }

    private static TrafficRules Comparing() => new()
    {
        Algorithm = BalancingAlgorithm.RoundRobin,
        Outliers = new OutlierRules
        {
            BaseEjectionMilliseconds = 60_000, MaxEjectionMilliseconds = 60_000, MaxEjectionPercent = 50,
            SuccessRate = new SuccessRateRules { IntervalMilliseconds = 10_000, MinimumEndpoints = 5, MinimumRequests = 20, DeviationThousandths = 1900 },
        },
    };

    private void Judge(int failuresOfFirst, int requests = 50, int failuresOfOthers = 0)
    {
        for (var i = 0; i < requests; i++)
        {
            foreach (var endpoint in Port.Endpoints)
            {
                var failures = endpoint.Address.Address.ToString() == "10.0.0.1" ? failuresOfFirst : failuresOfOthers;
                EndpointLease.Begin(endpoint.Load, _time).Judged(isError: i < failures, isGateway: false);
                endpoint.Load.End();
            }
        }
    }

    private int Round() => Enumerable.Range(0, 40).Select(_ => Pick()).Distinct().Count();

    private double Share(string address) => Enumerable.Range(0, Picks).Count(_ => Pick() == address) / (double)Picks;

    private string Pick() => _balancer.Pick(Port, AddressFamily.InterNetwork)!.Address.Address.ToString();

    private void Apply(TrafficRules rules, int endpoints)
    {
        var port = new ServicePort { Port = 80 };
        port.Endpoints.Add(Enumerable.Range(1, endpoints).Select(i => new Endpoint { Address = $"10.0.0.{i}", Port = 8080, Ready = true }));
        _store.Apply(new SnapshotDelta
        {
            Version = ++_version,
            Services = { new Service { Id = "shop/web", Namespace = "shop", Name = "web", Ports = { port } } },
            Policies = { new ScopedPolicies { Scope = "shop", Traffic = rules } },
        });
    }
}
