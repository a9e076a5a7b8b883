using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.HealthChecking;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.UnitTests.Forwarding;
using NodeMesh.UnitTests.Forwarding.Http;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.HealthChecking;

public sealed class HealthCheckerTests : IDisposable
{
    private readonly SnapshotStore _store = new(TimeProvider.System);
    private readonly ProxyMetrics _metrics = new();
    private readonly LocalPod _pod = new(1, "shop/cart", [IPAddress.Loopback], [], (_, _) => { });
    private readonly LoadBalancer _balancer = new(TimeProvider.System, new Random(1));
    private readonly LoopbackServer _well = new();
    private readonly IPEndPoint _ill = LoopbackServer.Closed();
    private readonly PlainDialer _dialer = new();
    private readonly HealthChecker _checker;

    public HealthCheckerTests() => _checker = new HealthChecker(
        _store, new HealthProbe(_dialer), new HealthMetrics(_metrics.Registry), TimeProvider.System, new Random(1), NullLogger<HealthChecker>.Instance);

    public void Dispose()
    {
        _checker.Dispose();
        _well.Dispose();
    }

    private ServicePortEntry Port => _store.Current.FindServicePort("shop/web", 80)!;

    [Fact(Timeout = 20_000)]
    public async Task Who_fails_gets_nothing_until_checks_are_over()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, HealthCheck = Check() });
        Port.Traffic.UsedBy(_pod, AddressFamily.InterNetwork);

        await UntilAsync(() => Picked().SequenceEqual([_well.EndPoint]));
        Assert.Contains("nodemesh_unhealthy_endpoints{service=\"shop/web\",port=\"80\"} 1", await ScrapeAsync(), StringComparison.Ordinal);
        Assert.Contains("nodemesh_health_checks_total{service=\"shop/web\",port=\"80\",result=\"failed\"}", await ScrapeAsync(), StringComparison.Ordinal);

        _store.Apply(new SnapshotDelta { Version = 2, RemovedPolicies = { "shop" } });
        await UntilAsync(() => Port.Endpoints.All(endpoint => !endpoint.Load.IsUnwell));
        Assert.Contains("nodemesh_unhealthy_endpoints{service=\"shop/web\",port=\"80\"} 0", await ScrapeAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_no_pod_of_the_node_uses_is_not_checked()
    {
        Apply(new TrafficRules { HealthCheck = Check() });

        await Task.Delay(500, TestContext.Current.CancellationToken);

        Assert.Empty(_dialer.Dials);
    }

    [Fact(Timeout = 20_000)]
    public async Task Who_has_just_taken_connections_is_not_asked_whether_it_would()
    {
        Apply(new TrafficRules { HealthCheck = Check() });
        Port.Traffic.UsedBy(_pod, AddressFamily.InterNetwork);
        for (var turn = 0; turn < 100; turn++)
        {
            EndpointLease.Begin(Port.Endpoints.Single(endpoint => endpoint.Address.Equals(_well.EndPoint)).Load, TimeProvider.System).Judged(isError: false, isGateway: false);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.NotEmpty(_dialer.Dials);
        Assert.All(_dialer.Dials, dial => Assert.Equal(_ill, dial.Endpoint));
    }

    [Fact(Timeout = 20_000)]
    public async Task When_all_fail_all_are_used()
    {
        Apply(new TrafficRules { Algorithm = BalancingAlgorithm.RoundRobin, HealthCheck = Check() });
        _well.Dispose();
        Port.Traffic.UsedBy(_pod, AddressFamily.InterNetwork);

        await UntilAsync(() => Port.Endpoints.All(endpoint => endpoint.Load.IsUnwell));

        Assert.Equal(2, Picked().Count());
    }

    private static HealthCheckRules Check() => new() { Tcp = true, IntervalMilliseconds = 200, TimeoutMilliseconds = 1000, HealthyThreshold = 2, UnhealthyThreshold = 2 };

    private IEnumerable<IPEndPoint> Picked() =>
        [.. Enumerable.Range(0, 10).Select(_ => _balancer.Pick(Port, AddressFamily.InterNetwork)!.Address).Distinct()];

    private void Apply(TrafficRules rules)
    {
        var port = new ServicePort { Port = 80 };
        port.Endpoints.Add(new[] { _well.EndPoint, _ill }.Select(endpoint => new Endpoint { Address = endpoint.Address.ToString(), Port = (uint)endpoint.Port, Ready = true }));
        _store.Apply(new SnapshotDelta
        {
            Version = 1,
            Services = { new Service { Id = "shop/web", Namespace = "shop", Name = "web", Ports = { port } } },
            Policies = { new ScopedPolicies { Scope = "shop", Traffic = rules } },
        });
    }

    private async Task<string> ScrapeAsync() => System.Text.Encoding.UTF8.GetString(await _metrics.ExportAsync(ExpositionFormat.PrometheusText, TestContext.Current.CancellationToken));

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
