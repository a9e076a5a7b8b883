using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.Security;

public class EgressTests
{
    private static readonly IPEndPoint Outside = IPEndPoint.Parse("203.0.113.7:443");
    private readonly SnapshotStore _store = new(TimeProvider.System);
    private readonly ProxyMetrics _metrics = new();
    private readonly EgressGuard _guard;

    public EgressTests()
    {
        _guard = new EgressGuard(_store, new PolicyMetrics(_metrics.Registry), NullLogger<EgressGuard>.Instance);
        _store.Apply(new SnapshotDelta
        {
            Version = 1,
            Full = true,
            Workloads = { new Workload { Id = "shop/web-1", Namespace = "shop", Addresses = { "10.0.0.1" } } },
            Services =
            {
                new Service
                {
                    Id = "shop/web", Namespace = "shop", ClusterIps = { "10.96.0.1" },
                    Ports = { new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = "10.0.0.1", Port = 8080, Workload = "shop/web-1", Ready = true }, new Endpoint { Address = "192.0.2.9", Port = 80, Ready = true } } } },
                },
            },
        });
    }

    [Theory]
    [InlineData("api.example.com", true)]
    [InlineData("API.example.com", true)]
    [InlineData("evil-api.example.com", false)]
    [InlineData("a.b.example.org", true)]
    [InlineData("example.org", false)]
    [InlineData("badexample.org", false)]
    [InlineData(null, false)]
    public void A_host_is_allowed_by_name_or_suffix(string? host, bool allowed)
    {
        Apply("shop", new EgressRule { Hosts = { "api.example.com", "*.example.org" } });

        Assert.Equal(allowed, Ask(host));
    }

    [Theory]
    [InlineData("203.0.113.0/24", 443, true)]
    [InlineData("203.0.113.0/24", 80, false)]
    [InlineData("198.51.100.0/24", 443, false)]
    public void Network_and_port_must_both_hold(string cidr, uint port, bool allowed)
    {
        Apply("shop", new EgressRule { Cidrs = { cidr }, Ports = { port } });

        Assert.Equal(allowed, Ask(null));
    }

    [Theory]
    [InlineData("10.0.0.1:9999")]
    [InlineData("10.96.0.1:9999")]
    [InlineData("192.0.2.9:80")]
    public void What_is_a_pod_a_Service_or_an_endpoint_of_one_is_inside(string destination)
    {
        Apply("shop");

        Assert.True(_guard.Allows("shop/web-1", "shop", IPEndPoint.Parse(destination), null, isFinal: true));
        Assert.False(Ask(null));
    }

    [Fact]
    public void The_most_specific_policy_decides_alone()
    {
        Apply("");
        Assert.False(Ask("a.example.org"));
        Apply("shop", new EgressRule { Hosts = { "a.example.org" } });
        Assert.True(Ask("a.example.org"));
        Assert.False(_guard.Allows("other/x", "other", Outside, "a.example.org", isFinal: true));
        Apply("shop/web", new EgressRule { Hosts = { "b.example.org" } });
        Assert.False(Ask("a.example.org"));
        Assert.True(Ask("b.example.org"));
    }

    [Fact]
    public async Task An_audit_lets_pass_and_counts()
    {
        Apply("shop", audit: true);

        Assert.True(Ask(null));
        Assert.Contains("nodemesh_egress_violations_total{policy=\"shop/p\",action=\"audited\"} 1", System.Text.Encoding.UTF8.GetString(await _metrics.ExportAsync(ExpositionFormat.PrometheusText, default)));
    }

    private bool Ask(string? host) => _guard.Allows("shop/web-1", "shop", Outside, host, isFinal: true);

    private void Apply(string scope, params EgressRule[] allow) => Apply(scope, false, allow);

    private void Apply(string scope, bool audit, params EgressRule[] allow) => _store.Apply(new SnapshotDelta
    {
        Version = 2, Policies = { new ScopedPolicies { Scope = scope, Egress = new EgressRules { Policy = "shop/p", Audit = audit, Allow = { allow } } } },
    });
}
