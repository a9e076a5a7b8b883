using System.Diagnostics;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using Xunit;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>Measures; run by hand, built for release, with -explicit only, on a quiet machine.</summary>
public class CompilerSpeed(ITestOutputHelper output)
{
    private const int Services = 10_000;
    private const int EndpointsEach = 10;

    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public void Ten_thousand_Services_of_ten_endpoints_compile_in_2_s_and_a_change_in_50_ms(bool slices)
    {
        var resources = Mesh(slices);
        var none = TestMesh.Observed();
        for (var round = 0; round < 3; round++)
        {
            var clock = Stopwatch.StartNew();
            var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
            var all = compiler.Compile(resources, none);
            output.WriteLine($"slices: {slices}: all: {clock.Elapsed.TotalMilliseconds:F0} ms");
            // Each round before has taken one away.
            Assert.Equal(slices ? EndpointsEach - round : EndpointsEach, all.Content.Services["ns-7/s-7"].Ports[0].Endpoints.Count);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2));

            var times = new List<double>();
            for (var i = 0; i < 20; i++)
            {
                var pod = resources.Pods[$"ns-{i}/p-{i}-3"];
                var changed = resources with
                {
                    Pods = resources.Pods.SetItem(pod.Metadata.Id, pod with { Status = pod.Status with { Phase = "Pending", PodIP = $"10.250.{round}.{i + 1}" } }),
                };
                if (slices)
                {
                    var slice = resources.EndpointSlices[$"ns-{i}/s-{i}"];
                    changed = changed with { EndpointSlices = resources.EndpointSlices.SetItem(slice.Metadata.Id, slice with { Endpoints = [.. slice.Endpoints.Skip(1)] }) };
                }
                clock.Restart();
                var next = compiler.Compile(changed, none);
                var delta = SnapshotDiff.Delta(all.Content, next.Content);
                times.Add(clock.Elapsed.TotalMilliseconds);
                Assert.Equal((1, 1), (delta.Services.Count, delta.Workloads.Count));
                (resources, all) = (changed, next);
            }
            times.Sort();
            output.WriteLine($"slices: {slices}: one change: median {times[10]:F1} ms, worst {times[^1]:F1} ms");
            Assert.True(times[times.Count / 2] < 50);
        }
    }

    [Fact(Explicit = true)]
    public void Five_thousand_routes_compile_in_2_s_and_a_change_of_one_in_50_ms()
    {
        var resources = Mesh(slices: true);
        var routes = Enumerable.Range(0, 5000).Select(Route).ToDictionary(route => route.Metadata.Id);
        resources = resources with { HttpRoutes = resources.HttpRoutes.AddRange(routes) };
        var none = TestMesh.Observed();
        for (var round = 0; round < 3; round++)
        {
            var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
            var without = compiler.Compile(resources with { HttpRoutes = resources.HttpRoutes.Clear() }, none);
            var clock = Stopwatch.StartNew();
            var all = compiler.Compile(resources, none);
            output.WriteLine($"routes: all: {clock.Elapsed.TotalMilliseconds:F0} ms");
            Assert.Equal((0, 5000, 5000), (without.Content.Routes.Count, all.Content.Routes.Count, all.RouteStatuses.Count));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2));

            var times = new List<double>();
            for (var i = 0; i < 20; i++)
            {
                var changed = Route(i) with { Spec = Route(i + 1).Spec with { ParentRefs = Route(i).Spec.ParentRefs } };
                resources = resources with { HttpRoutes = resources.HttpRoutes.SetItem(changed.Metadata.Id, changed) };
                clock.Restart();
                var next = compiler.Compile(resources, none);
                var delta = SnapshotDiff.Delta(all.Content, next.Content);
                times.Add(clock.Elapsed.TotalMilliseconds);
                Assert.Equal((1, 0), (delta.Routes.Count, delta.Services.Count));
                all = next;
                resources = resources with { HttpRoutes = resources.HttpRoutes.SetItem(changed.Metadata.Id, Route(i)) };
                all = compiler.Compile(resources, none);
            }
            times.Sort();
            output.WriteLine($"routes: one change: median {times[10]:F1} ms, worst {times[^1]:F1} ms");
            Assert.True(times[times.Count / 2] < 50);
        }
    }

    private static HttpRoute Route(int number) => new()
    {
        Metadata = new ObjectMeta { Namespace = $"ns-{number % 100}", Name = $"r-{number}" },
        Spec = new HttpRouteSpec
        {
            ParentRefs = [new ParentReference { Group = "", Kind = "Service", Name = $"s-{number}", Port = 80 }],
            Rules =
            [
                new HttpRouteRule
                {
                    Matches = [new HttpRouteMatch { Path = new HttpPathMatch { Value = $"/api/{number}" }, Headers = [new HttpValueMatch { Name = "version", Value = "2" }] }],
                    BackendRefs = [new BackendReference { Name = $"s-{(number + 100) % 10_000}", Port = 80, Weight = 90 }, new BackendReference { Name = $"s-{(number + 200) % 10_000}", Port = 80, Weight = 10 }],
                },
                new HttpRouteRule { BackendRefs = [new BackendReference { Name = $"s-{number}", Port = 80 }] },
            ],
        },
    };

    private static ResourceSet Mesh(bool slices)
    {
        var pods = new Dictionary<string, Pod>();
        var services = new Dictionary<string, Service>();
        var endpointSlices = new Dictionary<string, EndpointSlice>();
        for (var s = 0; s < Services; s++)
        {
            var ns = $"ns-{s % 100}";
            var labels = new Dictionary<string, string> { ["app"] = $"app-{s}", ["tier"] = "web", ["pod-template-hash"] = "5d9c7b8f6" };
            var endpoints = new List<Endpoint>();
            for (var p = 0; p < EndpointsEach; p++)
            {
                var n = (s * EndpointsEach) + p;
                var address = $"10.{n / 65536}.{n / 256 % 256}.{n % 256}";
                var metadata = new ObjectMeta { Namespace = ns, Name = $"p-{s}-{p}", Labels = labels, OwnerReferences = [new OwnerReference { Kind = "ReplicaSet", Name = $"app-{s}-5d9c7b8f6", Controller = true }] };
                pods.Add(metadata.Id, new Pod
                {
                    Metadata = metadata,
                    Spec = new PodSpec { NodeName = $"n{n % 100}" },
                    Status = new PodStatus { Phase = "Running", PodIP = address == "10.0.0.0" ? "10.255.0.1" : address },
                });
                endpoints.Add(new Endpoint { Addresses = [address], TargetRef = new ObjectReference { Kind = "Pod", Name = metadata.Name } });
            }
            var home = new ObjectMeta { Namespace = ns, Name = $"s-{s}", Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = $"s-{s}" } };
            services.Add(home.Id, new Service
            {
                Metadata = home,
                Spec = new ServiceSpec
                {
                    ClusterIP = $"172.{16 + (s / 65536)}.{s / 256 % 256}.{s % 256}",
                    Selector = new Dictionary<string, string> { ["app"] = $"app-{s}", ["tier"] = "web" },
                    Ports = [new ServicePort { Name = "http", Port = 80, TargetPort = new IntOrString(8080, null) }],
                },
            });
            endpointSlices.Add(home.Id, new EndpointSlice { Metadata = home, AddressType = "IPv4", Endpoints = endpoints, Ports = [new EndpointPort { Name = "http", Port = 8080 }] });
        }
        return ResourceSet.Empty with
        {
            Pods = ResourceSet.Empty.Pods.AddRange(pods),
            Services = ResourceSet.Empty.Services.AddRange(services),
            EndpointSlices = slices ? ResourceSet.Empty.EndpointSlices.AddRange(endpointSlices) : ResourceSet.Empty.EndpointSlices,
        };
    }
}
