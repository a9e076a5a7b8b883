using System.Diagnostics;
using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using Xunit;

namespace NodeMesh.UnitTests.Discovery;

public sealed class SnapshotStoreTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("10.96.0.1");

    private readonly SnapshotStore _store = new(TimeProvider.System);

    [Fact(Timeout = 20_000)]
    public void Addresses_lead_to_workloads_and_services()
    {
        Apply(Full(Pod("shop/a", "10.0.0.1", "fd00::1"), Service("shop/web", "10.96.0.1", Endpoint("10.0.0.1", "shop/a"), Endpoint("10.0.0.2", "", ready: false))));
        var snapshot = _store.Current;

        Assert.Equal("shop/a", snapshot.FindWorkload(IPAddress.Parse("fd00::1"))!.Id);
        Assert.Equal("shop/a", snapshot.FindWorkload(IPAddress.Parse("::ffff:10.0.0.1"))!.Id);
        Assert.Equal("shop/web", snapshot.FindClusterIp(Vip, 80)!.Service);
        Assert.Equal("shop/a", Assert.Single(snapshot.FindClusterIp(Vip, 80)!.Endpoints).Workload!.Id);
        Assert.Equal("shop/web", snapshot.FindByEndpoint(IPAddress.Parse("10.0.0.2"), 8080)!.Service);
        Assert.Null(snapshot.FindClusterIp(Vip, 81));
        Assert.Null(snapshot.FindByEndpoint(IPAddress.Parse("10.0.0.1"), 81));
        Assert.Null(snapshot.FindWorkload(IPAddress.Parse("10.0.0.9")));
        Assert.True(_store.FirstApplied.IsCompletedSuccessfully);
    }

    [Fact(Timeout = 20_000)]
    public void An_endpoint_that_stays_keeps_its_load_and_one_that_goes_is_found_no_more()
    {
        Apply(Full(Service("shop/web", "10.96.0.1", Endpoint("10.0.0.1"), Endpoint("10.0.0.2"))));
        var load = _store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Load;

        Apply(Change(Service("shop/web", "10.96.0.1", Endpoint("10.0.0.3"), Endpoint("10.0.0.1"))));
        var endpoints = _store.Current.FindClusterIp(Vip, 80)!.Endpoints;

        Assert.Equal(["10.0.0.3", "10.0.0.1"], endpoints.Select(endpoint => endpoint.Address.Address.ToString()));
        Assert.Same(load, endpoints[1].Load);
        Assert.Null(_store.Current.FindByEndpoint(IPAddress.Parse("10.0.0.2"), 8080));

        Apply(Full(Service("shop/web", "10.96.0.1", Endpoint("10.0.0.1"))));
        Assert.Same(load, _store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Load);
    }

    [Fact(Timeout = 20_000)]
    public void A_workload_that_changes_is_seen_through_services_that_were_not_sent_again()
    {
        Apply(Full(Pod("shop/a", "10.0.0.1"), Service("shop/web", "10.96.0.1", Endpoint("10.0.0.1", "shop/a"))));
        var load = _store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Load;
        var changed = Pod("shop/a", "10.0.0.1").Workload!;
        changed.Owner = "other";

        Apply(Change((changed, null)));
        Assert.Equal("other", _store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Workload!.Owner);
        Assert.Same(load, _store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Load);

        var removal = Change();
        removal.RemovedWorkloads.Add("shop/a");
        Apply(removal);
        Assert.Null(_store.Current.FindClusterIp(Vip, 80)!.Endpoints[0].Workload);
        Assert.Null(_store.Current.FindWorkload(IPAddress.Parse("10.0.0.1")));
    }

    [Fact(Timeout = 20_000)]
    public void An_address_may_move_to_a_new_pod_and_a_cluster_IP_to_a_new_service_within_one_delta()
    {
        Apply(Full(Pod("shop/a", "10.0.0.1"), Service("shop/web", "10.96.0.1")));
        var delta = Change(Pod("shop/b", "10.0.0.1"), Service("shop/new", "10.96.0.1"));
        delta.RemovedWorkloads.Add("shop/a");
        delta.RemovedServices.Add("shop/web");

        Apply(delta);

        Assert.Equal("shop/b", _store.Current.FindWorkload(IPAddress.Parse("10.0.0.1"))!.Id);
        Assert.Equal("shop/new", _store.Current.FindClusterIp(Vip, 80)!.Service);
    }

    [Fact(Timeout = 20_000)]
    public void A_full_delta_forgets_what_it_does_not_name()
    {
        Apply(Full(Pod("shop/a", "10.0.0.1"), Service("shop/web", "10.96.0.1", Endpoint("10.0.0.1"))));
        Apply(Full(Pod("shop/b", "10.0.0.2")));

        Assert.Null(_store.Current.FindWorkload(IPAddress.Parse("10.0.0.1")));
        Assert.Null(_store.Current.FindClusterIp(Vip, 80));
        Assert.Null(_store.Current.FindByEndpoint(IPAddress.Parse("10.0.0.1"), 8080));
    }

    [Fact(Timeout = 20_000)]
    public void An_endpoint_of_several_services_belongs_to_the_first_by_name_whatever_came_first()
    {
        Apply(Full(Service("shop/b", "10.96.0.2", Endpoint("10.0.0.1"))));
        Apply(Change(Service("shop/a", "10.96.0.1", Endpoint("10.0.0.1"))));
        Assert.Equal("shop/a", _store.Current.FindByEndpoint(IPAddress.Parse("10.0.0.1"), 8080)!.Service);

        var removal = Change();
        removal.RemovedServices.Add("shop/a");
        Apply(removal);
        Assert.Equal("shop/b", _store.Current.FindByEndpoint(IPAddress.Parse("10.0.0.1"), 8080)!.Service);
    }

    [Fact(Timeout = 20_000)]
    public void A_delta_with_a_broken_address_changes_nothing()
    {
        Apply(Full(Pod("shop/a", "10.0.0.1")));
        var before = _store.Current;

        Assert.Throws<FormatException>(() => Apply(Change(Pod("shop/b", "10.0.0.2"), Service("shop/web", "10.96.0.1", Endpoint("nowhere")))));

        Assert.Same(before, _store.Current);
    }

    [Fact(Timeout = 60_000)]
    public void One_change_among_100_000_endpoints_costs_little()
    {
        var full = new SnapshotDelta { Version = 1, Full = true };
        for (var service = 0; service < 10_000; service++)
        {
            full.Services.Add(Numbered(service, 10));
        }
        _store.Apply(full);
        _store.Apply(new SnapshotDelta { Version = 2, Services = { Numbered(1, 11) } }); // compiled by now

        var best = TimeSpan.MaxValue;
        for (ulong version = 3; version < 20; version++)
        {
            var start = Stopwatch.GetTimestamp();
            _store.Apply(new SnapshotDelta { Version = version, Services = { Numbered(5000, 9 + (int)(version % 2)) } });
            var took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        Assert.InRange(best, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        TestContext.Current.TestOutputHelper!.WriteLine($"one change: {best.TotalMicroseconds:0} us");
    }

    private static Service Numbered(int number, int endpoints)
    {
        var service = Service($"ns/s{number}", $"10.{96 + (number >> 16)}.{(number >> 8) & 255}.{number & 255}").Service!;
        for (var index = 0; index < endpoints; index++)
        {
            service.Ports[0].Endpoints.Add(Endpoint($"fd00::{number:x}:{index:x}"));
        }
        return service;
    }

    private void Apply(SnapshotDelta delta) => _store.Apply(delta);

    private static SnapshotDelta Full(params (Workload? Workload, Service? Service)[] content)
    {
        var delta = Change(content);
        delta.Full = true;
        return delta;
    }

    private static SnapshotDelta Change(params (Workload? Workload, Service? Service)[] content)
    {
        var delta = new SnapshotDelta { Version = 1 };
        delta.Workloads.Add(content.Where(one => one.Workload is not null).Select(one => one.Workload));
        delta.Services.Add(content.Where(one => one.Service is not null).Select(one => one.Service));
        return delta;
    }

    private static (Workload? Workload, Service? Service) Pod(string id, params string[] addresses)
    {
        var workload = new Workload { Id = id, Namespace = "shop", Name = id, Owner = "owner" };
        workload.Addresses.Add(addresses);
        return (workload, null);
    }

    private static (Workload? Workload, Service? Service) Service(string id, string vip, params Endpoint[] endpoints)
    {
        var service = new Service { Id = id, Namespace = "shop", Name = id, ClusterIps = { vip }, Ports = { new ServicePort { Port = 80 } } };
        service.Ports[0].Endpoints.Add(endpoints);
        return (null, service);
    }

    private static Endpoint Endpoint(string address, string workload = "", bool ready = true) =>
        new() { Address = address, Port = 8080, Workload = workload, Ready = ready };
}
