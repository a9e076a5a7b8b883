using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Compiler;

public class CompilerProperties
{
    private const int Tests = 300;

    [Property(MaxTest = Tests, StartSize = 20, EndSize = 200)]
    public void Compiling_what_changed_gives_the_same_as_compiling_all(int[] choices)
    {
        var mesh = new RandomMesh();
        var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
        foreach (var batch in choices.Chunk(1 + (choices.Length % 3)))
        {
            foreach (var choice in batch)
            {
                mesh.Step(choice);
            }
            AssertEqual(mesh.Compile(), compiler.Compile(mesh.Resources, mesh.Observed));
        }
    }

    [Property(MaxTest = Tests, StartSize = 20, EndSize = 200)]
    public void The_order_of_resources_never_matters(int[] choices, int seed)
    {
        var mesh = new RandomMesh();
        Array.ForEach(choices, mesh.Step);
        var objects = Objects(mesh.Resources).ToList();

        var files = new ResourceFiles();
        var random = new Random(seed);
        var set = ResourceSet.Empty;
        foreach (var declared in objects.OrderBy(_ => random.Next()))
        {
            var path = $"{random.Next()}-{declared.Kind}-{declared.Resource.Metadata.Id}";
            set = files.Update([new ResourceFile(path) { Objects = [declared with { At = new SourceLocation(path) }] }], [], []);
        }

        AssertEqual(mesh.Compile(), MeshCompiler.Compile(set, new NodeContext("n1") { ObservedAddresses = mesh.Observed }));
    }

    [Property(MaxTest = Tests, StartSize = 20, EndSize = 200)]
    public void A_delta_leads_from_one_content_to_the_next(int[] before, int[] after)
    {
        var mesh = new RandomMesh();
        var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
        Array.ForEach(before, mesh.Step);
        var old = compiler.Compile(mesh.Resources, mesh.Observed).Content;
        Array.ForEach(after, mesh.Step);
        var now = compiler.Compile(mesh.Resources, mesh.Observed).Content;

        var delta = SnapshotDiff.Delta(old, now);

        AssertEqual(now, new MeshSnapshotContent
        {
            Workloads = old.Workloads.RemoveRange(delta.RemovedWorkloads).SetItems(delta.Workloads.Select(workload => KeyValuePair.Create(workload.Id, workload))),
            Services = old.Services.RemoveRange(delta.RemovedServices).SetItems(delta.Services.Select(service => KeyValuePair.Create(service.Id, service))),
            Routes = old.Routes.RemoveRange(delta.RemovedRoutes).SetItems(delta.Routes.Select(routes => KeyValuePair.Create(routes.Service, routes))),
            Policies = old.Policies.RemoveRange(delta.RemovedPolicies).SetItems(delta.Policies.Select(policies => KeyValuePair.Create(policies.Scope, policies))),
        });
        Assert.DoesNotContain(delta.Services, service => service.Equals(old.Services.GetValueOrDefault(service.Id)));
        Assert.DoesNotContain(delta.Workloads, workload => workload.Equals(old.Workloads.GetValueOrDefault(workload.Id)));
        Assert.True(SnapshotDiff.IsEmpty(SnapshotDiff.Delta(now, mesh.Compile().Content)));
    }

    [Property(MaxTest = Tests, StartSize = 20, EndSize = 200)]
    public void No_address_belongs_to_two(int[] choices)
    {
        var mesh = new RandomMesh();
        Array.ForEach(choices, mesh.Step);
        var content = mesh.Compile().Content;

        Assert.Distinct(content.Workloads.Values.SelectMany(workload => workload.Addresses));
        Assert.Distinct(content.Services.Values.SelectMany(service => service.ClusterIps));
    }

    private static IEnumerable<DeclaredObject> Objects(ResourceSet set)
    {
        var resources = set.Namespaces.Values.Cast<IResource>().Concat(set.Pods.Values).Concat(set.Services.Values).Concat(set.EndpointSlices.Values)
            .Concat(set.HttpRoutes.Values).Concat(set.GrpcRoutes.Values).Concat(set.TlsRoutes.Values).Concat(set.TcpRoutes.Values).Concat(set.ReferenceGrants.Values)
            .Concat(set.AuthorizationPolicies.Values).Concat(set.FaultPolicies.Values).Concat(set.BackendTlsPolicies.Values).Concat(set.ConfigMaps.Values)
            .Concat(set.RateLimitPolicies.Values).Concat(set.TrafficPolicies.Values).Concat(set.TelemetryPolicies.Values).Concat(set.EgressPolicies.Values).Concat(set.BackendTrafficPolicies.Values).Concat(set.Rollouts.Values);
        return resources.Select(resource => new DeclaredObject(Kinds.Named((resource as IRoute)?.Kind ?? (resource as IPolicy)?.Kind ?? resource.GetType().Name)!, resource, 0, new SourceLocation("")));
    }

    internal static void AssertEqual(Compilation expected, Compilation actual)
    {
        AssertEqual(expected.Content, actual.Content);
        Assert.Equal(expected.LocalPods, actual.LocalPods);
        Assert.Equal<KeyValuePair<string, RouteStatus>>(expected.RouteStatuses, actual.RouteStatuses);
        Assert.Equal<KeyValuePair<string, PolicyStatus>>(expected.PolicyStatuses, actual.PolicyStatuses);
        Assert.Equal(expected.Problems.AsEnumerable(), actual.Problems);
    }

    private static void AssertEqual(MeshSnapshotContent expected, MeshSnapshotContent actual)
    {
        Assert.Equal<KeyValuePair<string, Workload>>(expected.Workloads, actual.Workloads);
        Assert.Equal<KeyValuePair<string, Contract.Service>>(expected.Services, actual.Services);
        Assert.Equal<KeyValuePair<string, ServiceRoutes>>(expected.Routes, actual.Routes);
        Assert.Equal<KeyValuePair<string, ScopedPolicies>>(expected.Policies, actual.Policies);
    }
}
