using System.Diagnostics;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Bench.Scale;
using Xunit;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>Measures; run by hand, built for release, with -explicit only, on a quiet machine.</summary>
public class CompilerSpeed(ITestOutputHelper output)
{
    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public void Ten_thousand_Services_of_ten_endpoints_compile_in_2_s_and_a_change_in_50_ms(bool slices)
    {
        var resources = LargeMesh.Create(slices);
        var none = TestMesh.Observed();
        for (var round = 0; round < 3; round++)
        {
            var clock = Stopwatch.StartNew();
            var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
            var all = compiler.Compile(resources, none);
            output.WriteLine($"slices: {slices}: all: {clock.Elapsed.TotalMilliseconds:F0} ms");
            // Each round before has taken one away.
            Assert.Equal(slices ? LargeMesh.EndpointsEach - round : LargeMesh.EndpointsEach, all.Content.Services["ns-7/s-7"].Ports[0].Endpoints.Count);
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
        var resources = LargeMesh.Create();
        resources = LargeMesh.WithRoutes(resources);
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
                var changed = LargeMesh.Route(i) with { Spec = LargeMesh.Route(i + 1).Spec with { ParentRefs = LargeMesh.Route(i).Spec.ParentRefs } };
                resources = resources with { HttpRoutes = resources.HttpRoutes.SetItem(changed.Metadata.Id, changed) };
                clock.Restart();
                var next = compiler.Compile(resources, none);
                var delta = SnapshotDiff.Delta(all.Content, next.Content);
                times.Add(clock.Elapsed.TotalMilliseconds);
                Assert.Equal((1, 0), (delta.Routes.Count, delta.Services.Count));
                all = next;
                resources = resources with { HttpRoutes = resources.HttpRoutes.SetItem(changed.Metadata.Id, LargeMesh.Route(i)) };
                all = compiler.Compile(resources, none);
            }
            times.Sort();
            output.WriteLine($"routes: one change: median {times[10]:F1} ms, worst {times[^1]:F1} ms");
            Assert.True(times[times.Count / 2] < 50);
        }
    }
}
