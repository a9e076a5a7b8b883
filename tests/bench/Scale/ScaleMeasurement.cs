using System.Diagnostics;
using Google.Protobuf;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Bench.Scale;

/// <summary>
/// Compiles a large mesh and changes of it, as the agent does, and has a proxy's snapshot store take them. In this process, on one thread, nothing on the
/// network: what remains is what the two programs spend on it.
/// </summary>
internal static class ScaleMeasurement
{
    private const int Changes = 50;

    // The first are compiled while they run.
    private const int WarmUp = 10;

    private static readonly NodeContext Node = new("n1");

    public static IReadOnlyList<ScaleResult> Take()
    {
        var mesh = LargeMesh.Create();
        var title = $"{LargeMesh.Services:#,##0} Services";
        Measure(mesh, Endpoint, "", ""); // compiles the code
        var bare = Measure(mesh, Endpoint, title, "an endpoint goes");
        var routed = LargeMesh.WithRoutes(mesh);
        return
        [
            bare,
            Measure(routed, Endpoint, $"{title}, {LargeMesh.Routes:#,##0} routes", "an endpoint goes"),
            Measure(routed, Route, $"{title}, {LargeMesh.Routes:#,##0} routes", "a route changes"),
        ];
    }

    private static ResourceSet Endpoint(ResourceSet resources, int number)
    {
        var slice = resources.EndpointSlices[$"ns-{number}/s-{number}"];
        return resources with { EndpointSlices = resources.EndpointSlices.SetItem(slice.Metadata.Id, slice with { Endpoints = [.. slice.Endpoints.Skip(1)] }) };
    }

    private static ResourceSet Route(ResourceSet resources, int number)
    {
        var route = LargeMesh.Route(number);
        var changed = route with { Spec = LargeMesh.Route(number + 1).Spec with { ParentRefs = route.Spec.ParentRefs } };
        return resources with { HttpRoutes = resources.HttpRoutes.SetItem(changed.Metadata.Id, changed) };
    }

    private static ScaleResult Measure(ResourceSet resources, Func<ResourceSet, int, ResourceSet> change, string mesh, string what)
    {
        var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
        var store = new SnapshotStore(TimeProvider.System);
        GC.Collect();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        var all = compiler.Compile(resources, Node.ObservedAddresses);
        var compileAll = clock.Elapsed.TotalMilliseconds;
        var compileAllBytes = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var full = Sent(SnapshotDiff.Full(all.Content), 1);
        clock.Restart();
        store.Apply(full);
        var applyAll = clock.Elapsed.TotalMilliseconds;

        var (compile, apply, bytes) = (new List<double>(), new List<double>(), new List<long>());
        var delta = full;
        for (var i = 0; i < WarmUp + Changes; i++)
        {
            resources = change(resources, i);
            allocated = GC.GetAllocatedBytesForCurrentThread();
            clock.Restart();
            var next = compiler.Compile(resources, Node.ObservedAddresses);
            delta = SnapshotDiff.Delta(all.Content, next.Content);
            var compiled = clock.Elapsed.TotalMilliseconds;
            var taken = GC.GetAllocatedBytesForCurrentThread() - allocated;
            delta = Sent(delta, (ulong)i + 2);
            clock.Restart();
            store.Apply(delta);
            if (i >= WarmUp)
            {
                compile.Add(compiled);
                apply.Add(clock.Elapsed.TotalMilliseconds);
                bytes.Add(taken);
            }
            all = next;
        }
        bytes.Sort();
        return new ScaleResult(mesh, what, compileAll, compileAllBytes, applyAll, Quantiles.Of(compile), bytes[bytes.Count / 2], delta.CalculateSize(), Quantiles.Of(apply));
    }

    // As it comes out of the socket.
    private static SnapshotDelta Sent(SnapshotDelta delta, ulong version)
    {
        delta.Version = version;
        return SnapshotDelta.Parser.ParseFrom(delta.ToByteArray());
    }
}
