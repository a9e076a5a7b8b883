using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Security;
using Xunit;

namespace NodeMesh.UnitTests.Security;

public class AccessIndexTests
{
    private static readonly IPEndPoint Http = IPEndPoint.Parse("10.0.0.1:8080");
    private readonly SnapshotStore _store = new(TimeProvider.System);

    public AccessIndexTests() => _store.Apply(new SnapshotDelta
    {
        Version = 1,
        Full = true,
        Workloads = { new Workload { Id = "shop/web-1", Namespace = "shop", Name = "web-1", Owner = "web", Addresses = { "10.0.0.1" } } },
        Services =
        {
            new Service
            {
                Id = "shop/web", Namespace = "shop", Name = "web",
                Ports =
                {
                    new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = "10.0.0.1", Port = 8080, Workload = "shop/web-1", Ready = true } } },
                    new ServicePort { Port = 90, Endpoints = { new Endpoint { Address = "10.0.0.1", Port = 9000, Workload = "shop/web-1", Ready = true } } },
                },
            },
        },
    });

    [Theory]
    [InlineData("", 8080, true)]
    [InlineData("shop", 8080, true)]
    [InlineData("shop", 7777, true)]
    [InlineData("other", 8080, false)]
    [InlineData("shop/web", 8080, true)]
    [InlineData("shop/web", 9000, true)]
    [InlineData("shop/web", 7777, false)]
    [InlineData("shop/other", 8080, false)]
    [InlineData("shop/web:80", 8080, true)]
    [InlineData("shop/web:80", 9000, false)]
    public void A_port_of_a_pod_goes_by_what_its_Services_its_namespace_and_the_mesh_say(string scope, int port, bool applies)
    {
        Apply(scope);

        Assert.Equal(applies, Decision(new IPEndPoint(Http.Address, port)) == Access.Denied);
    }

    [Fact]
    public void A_pod_the_snapshot_does_not_know_goes_by_the_namespace_it_was_announced_with()
    {
        Apply("shop");

        Assert.NotNull(_store.Current.Access.RulesFor(IPEndPoint.Parse("10.0.0.99:80"), "shop"));
        Assert.Null(_store.Current.Access.RulesFor(IPEndPoint.Parse("10.0.0.98:80")));
    }

    [Fact]
    public void A_removed_policy_is_forgotten_and_one_that_says_the_same_stays_the_same()
    {
        Apply("shop");
        var before = _store.Current.Policies["shop"];
        Apply("shop");
        Assert.Same(before, _store.Current.Policies["shop"]);

        _store.Apply(new SnapshotDelta { Version = 3, RemovedPolicies = { "shop" } });

        Assert.False(_store.Current.Access.HasRules);
        Assert.Equal(Access.Allowed, Decision(Http));
    }

    private void Apply(string scope) => _store.Apply(new SnapshotDelta
    {
        Version = 2,
        Policies = { new ScopedPolicies { Scope = scope, Authorizations = { new Contract.Authorization { Policy = "a/b", Action = AuthorizationAction.Allow } } } },
    });

    private Access Decision(IPEndPoint destination) =>
        _store.Current.Access.RulesFor(destination)?.Decide(new AccessFacts(null, IPAddress.Parse("10.0.0.7"), destination.Port)).Access ?? Access.Allowed;
}
