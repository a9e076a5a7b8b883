using System.Net;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using Xunit;

namespace NodeMesh.UnitTests.Balancing;

public sealed class LoadBalancerTests
{
    private readonly ManualTime _time = new();
    private readonly LoadBalancer _balancer;

    public LoadBalancerTests() => _balancer = new LoadBalancer(_time, new Random(7));

    [Fact(Timeout = 20_000)]
    public void Equal_endpoints_get_equal_shares()
    {
        var port = Port("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4");
        var picks = new Dictionary<EndpointEntry, int>(ReferenceEqualityComparer.Instance);
        for (var number = 0; number < 4000; number++)
        {
            var endpoint = _balancer.Pick(port, AddressFamily.InterNetwork)!;
            picks[endpoint] = picks.GetValueOrDefault(endpoint) + 1;
            Serve(endpoint, 2);
        }

        Assert.All(port.Endpoints, endpoint => Assert.InRange(picks[endpoint], 700, 1300));
    }

    [Fact(Timeout = 20_000)]
    public void A_slow_endpoint_gets_little_and_is_tried_again_later()
    {
        var port = Port("10.0.0.1", "10.0.0.2");
        Serve(port.Endpoints[0], 500);
        Serve(port.Endpoints[1], 2);

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(port.Endpoints[1], _balancer.Pick(port, AddressFamily.InterNetwork)));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains(Enumerable.Range(0, 50), _ => ReferenceEquals(port.Endpoints[0], _balancer.Pick(port, AddressFamily.InterNetwork)));
    }

    [Fact(Timeout = 20_000)]
    public void Requests_under_way_weigh()
    {
        var port = Port("10.0.0.1", "10.0.0.2");
        var lease = EndpointLease.Begin(port.Endpoints[0].Load, _time);

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(port.Endpoints[1], _balancer.Pick(port, AddressFamily.InterNetwork)));
        lease.End();
        Assert.Contains(Enumerable.Range(0, 50), _ => ReferenceEquals(port.Endpoints[0], _balancer.Pick(port, AddressFamily.InterNetwork)));
    }

    [Fact(Timeout = 20_000)]
    public void An_endpoint_that_refuses_quickly_does_not_look_attractive()
    {
        var port = Port("10.0.0.1", "10.0.0.2");
        EndpointLease.Begin(port.Endpoints[0].Load, _time).Failed();
        port.Endpoints[0].Load.End();

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(port.Endpoints[1], _balancer.Pick(port, AddressFamily.InterNetwork)));
    }

    [Fact(Timeout = 20_000)]
    public void The_family_dialled_is_the_family_chosen_where_there_is_one()
    {
        var both = Port("10.0.0.1", "fd00::1");
        var v4 = Port("10.0.0.1");

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("fd00::1", _balancer.Pick(both, AddressFamily.InterNetworkV6)!.Address.Address.ToString()));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("10.0.0.1", _balancer.Pick(both, AddressFamily.InterNetwork)!.Address.Address.ToString()));
        Assert.Equal("10.0.0.1", _balancer.Pick(v4, AddressFamily.InterNetworkV6)!.Address.Address.ToString());
        Assert.Null(_balancer.Pick(Port(), AddressFamily.InterNetwork));
    }

    [Fact(Timeout = 20_000)]
    public void Slow_answers_count_at_once_and_fade()
    {
        var load = new EndpointLoad(_time.GetTimestamp());
        load.Observe(100_000, _time.GetTimestamp());
        Assert.InRange(load.At(_time.GetTimestamp()), 99_000, 101_000);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.InRange(load.At(_time.GetTimestamp()), 35_000, 39_000); // 1/e is left

        load.Observe(10_000, _time.GetTimestamp());
        Assert.InRange(load.At(_time.GetTimestamp()), 41_000, 45_000); // the mean of old and new, by age
    }

    [Fact(Timeout = 20_000)]
    public void One_slow_answer_of_a_fast_endpoint_is_forgotten_within_seconds_and_many_are_not()
    {
        var once = Fast();
        once.Observe(2_000_000, _time.GetTimestamp());
        var always = Fast();
        for (var i = 0; i < 5; i++)
        {
            always.Observe(2_000_000, _time.GetTimestamp());
        }

        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.InRange(once.At(_time.GetTimestamp()), EndpointLoad.LatencyFloor, 1.1 * EndpointLoad.LatencyFloor);
        Assert.InRange(always.At(_time.GetTimestamp()), 250_000, 300_000);

        EndpointLoad Fast()
        {
            var load = new EndpointLoad(_time.GetTimestamp());
            _time.Advance(TimeSpan.FromSeconds(10));
            load.Observe(1_000, _time.GetTimestamp());
            return load;
        }
    }

    private void Serve(EndpointEntry endpoint, int milliseconds)
    {
        var lease = EndpointLease.Begin(endpoint.Load, _time);
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        lease.Answered();
        lease.End();
    }

    private ServicePortEntry Port(params string[] addresses) => new(
        "shop/web", "shop", "web", 80, "http", Protocol.Http,
        [.. addresses.Select(address => new EndpointEntry(new IPEndPoint(IPAddress.Parse(address), 8080), null, new EndpointLoad(_time.GetTimestamp())))]);
}
