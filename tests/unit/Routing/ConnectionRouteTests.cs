using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using Xunit;

namespace NodeMesh.UnitTests.Routing;

public sealed class ConnectionRouteTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("10.0.0.1:40000");

    private readonly SnapshotStore _store = new(TimeProvider.System);
    private readonly MeshSnapshot _snapshot;

    public ConnectionRouteTests()
    {
        _store.Apply(new SnapshotDelta
        {
            Version = 1,
            Full = true,
            Workloads =
            {
                new Workload { Id = "shop/cart-1", Namespace = "shop", Name = "cart-1", Owner = "cart", Addresses = { "10.0.0.1" } },
                new Workload { Id = "shop/web-1", Namespace = "shop", Name = "web-1", Owner = "web", Addresses = { "10.0.0.2" }, OpaquePorts = { 3306 } },
            },
            Services =
            {
                new Service
                {
                    Id = "shop/web", Namespace = "shop", Name = "web", ClusterIps = { "10.96.0.1" },
                    Ports = { new ServicePort { Port = 80, Endpoints = { new Endpoint { Address = "10.0.0.2", Port = 8080, Workload = "shop/web-1", Ready = true } } } },
                },
            },
        });
        _snapshot = _store.Current;
    }

    [Fact(Timeout = 20_000)]
    public void A_cluster_IP_is_balanced()
    {
        var route = ConnectionRoute.For(_snapshot, Direction.Outbound, Client, IPEndPoint.Parse("10.96.0.1:80"));

        Assert.True(route.IsClusterIp);
        Assert.Equal(("shop/cart-1", "shop/web"), (route.Source!.Id, route.Port!.Service));
        Assert.Equal(
            new TrafficLabels(TrafficDirection.Outbound, TrafficProtocol.Http1, "shop", "cart", "shop", "web", "shop/web"),
            route.Labels(TrafficDirection.Outbound, TrafficProtocol.Http1, null));
    }

    [Fact(Timeout = 20_000)]
    public void What_protects_it_is_TLS_of_the_ends_or_of_the_proxy_or_nothing()
    {
        var route = ConnectionRoute.For(_snapshot, Direction.Outbound, Client, IPEndPoint.Parse("10.96.0.1:80"));
        var endpoint = Assert.Single(route.Port!.Endpoints);
        Assert.Equal(("app_tls", "plaintext", "plaintext"), Securities());

        _store.Apply(new SnapshotDelta { Version = 2, Policies = { new ScopedPolicies { Scope = "shop/web", BackendTls = new BackendTls { Policy = "shop/p", Hostname = "web.shop" } } } });
        Assert.Equal(("app_tls", "mesh_tls", "mesh_tls"), Securities());
        // Whoever dials a pod itself gets what it says.
        var direct = ConnectionRoute.For(_store.Current, Direction.Outbound, Client, IPEndPoint.Parse("10.0.0.2:8080"));
        Assert.Equal("plaintext", Security(direct, TrafficProtocol.Http1, null));

        (string, string, string) Securities() => (Security(route, TrafficProtocol.Tls, null), Security(route, TrafficProtocol.Http1, null), Security(route, TrafficProtocol.Http1, endpoint));

        static string Security(ConnectionRoute route, TrafficProtocol protocol, EndpointEntry? endpoint) =>
            route.Labels(TrafficDirection.Outbound, protocol, endpoint).Values()[Array.IndexOf(TrafficLabels.Names, "security")];
    }

    [Fact(Timeout = 20_000)]
    public void A_port_that_the_cluster_IP_does_not_declare_goes_to_the_original_destination()
    {
        var route = ConnectionRoute.For(_snapshot, Direction.Outbound, Client, IPEndPoint.Parse("10.96.0.1:81"));

        Assert.False(route.IsClusterIp);
        Assert.Null(route.Port);
    }

    [Fact(Timeout = 20_000)]
    public void A_pod_dialled_by_its_address_is_known_with_its_Service_and_not_balanced()
    {
        var route = ConnectionRoute.For(_snapshot, Direction.Outbound, Client, IPEndPoint.Parse("10.0.0.2:8080"));

        Assert.False(route.IsClusterIp);
        Assert.Equal(("shop/web-1", "shop/web"), (route.Target!.Id, route.Port!.Service));
    }

    [Theory(Timeout = 20_000)]
    [InlineData(Direction.Inbound, "10.0.0.2:3306", Protocol.Opaque)]
    [InlineData(Direction.Outbound, "10.0.0.2:3306", Protocol.Opaque)]
    [InlineData(Direction.Outbound, "10.0.0.2:8080", Protocol.Unspecified)]
    [InlineData(Direction.Outbound, "10.0.0.1:3306", Protocol.Unspecified)]
    public void A_port_that_the_pod_declares_opaque_is_so_without_a_Service(object direction, string destination, Protocol declared)
    {
        var route = ConnectionRoute.For(_snapshot, (Direction)direction, Client, IPEndPoint.Parse(destination));

        Assert.Equal(declared, route.Declared);
    }

    [Fact(Timeout = 20_000)]
    public void An_inbound_connection_is_never_balanced()
    {
        var route = ConnectionRoute.For(_snapshot, Direction.Inbound, IPEndPoint.Parse("203.0.113.1:5"), IPEndPoint.Parse("10.0.0.2:8080"));

        Assert.False(route.IsClusterIp);
        Assert.Null(route.Source);
        Assert.Equal("shop/web-1", route.Target!.Id);
        Assert.Equal(TrafficLabels.Unknown, route.Labels(TrafficDirection.Inbound, TrafficProtocol.Tls, null).SourceWorkload);
    }
}
