using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;
using Xunit;

namespace NodeMesh.UnitTests.Security;

/// <summary>Requests that a pod declares as probes, under a policy that denies everything.</summary>
public class ProbeTests
{
    private readonly Authorizer _authorizer;

    public ProbeTests()
    {
        var store = new SnapshotStore(TimeProvider.System);
        store.Apply(new SnapshotDelta
        {
            Version = 1,
            Full = true,
            Workloads =
            {
                new Workload
                {
                    Id = "shop/web-1", Namespace = "shop", Name = "web-1", Owner = "web", Addresses = { "10.0.0.1" },
                    Probes = { new Contract.Probe { Port = 8080, Path = "/live" }, new Contract.Probe { Port = 9000, Path = "/grpc.health.v1.Health/Check" } },
                },
            },
            Policies = { new ScopedPolicies { Scope = "shop", Authorizations = { new Contract.Authorization { Policy = "a/b", Action = AuthorizationAction.Deny, Rules = { new AuthorizationRule() } } } } },
        });
        _authorizer = new Authorizer(store, new NodeAddresses(TimeProvider.System), new PolicyMetrics(new ProxyMetrics().Registry), NullLogger<Authorizer>.Instance);
    }

    // 127.0.0.1 is an address of whatever machine this is.
    [Theory]
    [InlineData("127.0.0.1", 8080, "GET", "/live", false, true)]
    [InlineData("127.0.0.1", 8080, "GET", "/live?verbose", false, true)]
    [InlineData("203.0.113.7", 8080, "GET", "/live", false, false)]
    [InlineData("127.0.0.1", 8081, "GET", "/live", false, false)]
    [InlineData("127.0.0.1", 8080, "POST", "/live", false, false)]
    [InlineData("127.0.0.1", 8080, "GET", "/live/../admin", false, false)]
    [InlineData("127.0.0.1", 8080, "GET", "/alive", false, false)]
    [InlineData("127.0.0.1", 9000, "POST", "/grpc.health.v1.Health/Check", true, true)]
    [InlineData("127.0.0.1", 9000, "POST", "/grpc.health.v1.Health/Watch", true, false)]
    public void Only_what_the_pod_declares_is_let_through_and_only_for_its_own_node(string client, int port, string method, string target, bool isGrpc, bool allowed) =>
        Assert.Equal(allowed, _authorizer.AllowsRequest(
            IPAddress.Parse(client), new IPEndPoint(IPAddress.Parse("10.0.0.1"), port), "shop", new RequestHead(method, target, "", isGrpc)));

    [Theory]
    [InlineData("127.0.0.1", 8080, false)]
    [InlineData("127.0.0.1", 8081, true)]
    [InlineData("203.0.113.7", 8080, true)]
    public void A_connection_that_may_yet_bring_a_probe_is_not_refused_before_it_speaks(string client, int port, bool refused) =>
        Assert.Equal(refused, _authorizer.Foresee(IPAddress.Parse(client), new IPEndPoint(IPAddress.Parse("10.0.0.1"), port), "shop", isOpaque: false) == Access.Denied);
}
