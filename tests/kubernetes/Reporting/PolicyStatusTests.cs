using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Reporting;
using NodeMesh.Agent.Resources.Model.Policies;
using NodeMesh.KubernetesTests.Cluster;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.KubernetesTests.Reporting;

public class PolicyStatusTests
{
    private const string Api = "nodemesh.io/v1alpha1";

    [Fact(Timeout = 60_000)]
    public async Task Conditions_are_written_for_each_target_as_the_schema_has_them()
    {
        await using var cluster = await WithPolicyAsync();
        var policy = await cluster.GetAsync(Api, "trafficpolicies", "calm");
        await using var writer = new Writing(cluster);

        writer.Publish(Status(cluster, policy, PolicyReason.Accepted));
        await Soon.TrueAsync("it is written", () => Ancestors(cluster).Count == 2);

        var (service, whole) = (Ancestors(cluster)[0]!, Ancestors(cluster)[1]!);
        Assert.Equal(("nodemesh.io/controller", "Service", "web"), ((string?)service["controllerName"], (string?)service["ancestorRef"]!["kind"], (string?)service["ancestorRef"]!["name"]));
        Assert.Equal(("Namespace", cluster.Namespace), ((string?)whole["ancestorRef"]!["kind"], (string?)whole["ancestorRef"]!["name"]));
        var condition = service["conditions"]![0]!;
        Assert.Equal(("Accepted", "True", "Accepted"), ((string?)condition["type"], (string?)condition["status"], (string?)condition["reason"]));
        Assert.Equal((long)policy["metadata"]!["generation"]!, (long)condition["observedGeneration"]!);
        // The status alone is ours.
        var managers = (await cluster.GetAsync(Api, "trafficpolicies", "calm"))["metadata"]!["managedFields"]!.AsArray().Where(entry => (string?)entry!["manager"] == "nodemesh").ToList();
        Assert.Equal(["f:status"], Assert.Single(managers)!["fieldsV1"]!.AsObject().Select(field => field.Key));

        // The same again, by one that starts anew, is read and not written.
        await writer.DisposeAsync();
        cluster.Server.ForgetRequests();
        await using var next = new Writing(cluster);
        next.Publish(Status(cluster, policy, PolicyReason.Accepted));
        await Soon.TrueAsync("it has looked", () => cluster.Server.Requests.Any(request => request.Is("get", "trafficpolicies")));
        await Task.Delay(700);
        Assert.DoesNotContain(cluster.Server.Requests, request => request.Verb == "patch");

        next.Publish(Status(cluster, policy, PolicyReason.Conflicted));
        await Soon.TrueAsync("what is new is written", () => (string?)Ancestors(cluster)[0]!["conditions"]![0]!["reason"] == PolicyReason.Conflicted);
        Assert.Equal("False", (string?)Ancestors(cluster)[0]!["conditions"]![0]!["status"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_can_not_be_written_is_not_asked_for_again_and_again()
    {
        await using var cluster = await WithPolicyAsync();
        var policy = await cluster.GetAsync(Api, "trafficpolicies", "calm");
        cluster.Server.Faults.Add(new TestApiServer.Faults.Fault(request => request.Is("patch", "trafficpolicies") && request.Subresource == "status")
        {
            Times = 3, Refusal = new ApiRefusalException(500, "InternalError", "broken"),
        });
        await using var writer = new Writing(cluster);
        writer.Publish(Status(cluster, policy, PolicyReason.Accepted));

        await Soon.TrueAsync("it is written in the end", () => Ancestors(cluster).Count == 2);
        // At 0, 1, 3 and 7 s or a little less: looking twice a second it would have been at every look.
        Assert.Equal(4, cluster.Server.Requests.Count(request => request.Is("patch", "trafficpolicies") && request.Subresource == "status"));
    }

    private static async Task<TestCluster> WithPolicyAsync()
    {
        var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // a real cluster has its own definitions, or none
        foreach (var definition in Bodies.ParseAll(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "crds", "trafficpolicies.yaml"))))
        {
            cluster.Server.Store.Put(definition);
            cluster.Server.Customs.Define(definition);
        }
        await cluster.CreateAsync(Api, "trafficpolicies", """
            {"apiVersion":"nodemesh.io/v1alpha1","kind":"TrafficPolicy","metadata":{"name":"calm"},
             "spec":{"targetRefs":[{"group":"","kind":"Service","name":"web"}],"loadBalancing":{"locality":"PreferZone"} } }
            """);
        return cluster;
    }

    private static ImmutableSortedDictionary<string, PolicyStatus> Status(TestCluster cluster, JsonObject policy, string reason)
    {
        IReadOnlyList<RouteCondition> conditions = [new(RouteCondition.Accepted, reason == PolicyReason.Accepted, reason, "as it is")];
        var status = new PolicyStatus(
            "TrafficPolicy", cluster.Namespace, "calm", (string?)policy["metadata"]!["uid"], (long)policy["metadata"]!["generation"]!,
            [new TargetStatus(new TargetReference { Group = "", Kind = "Service", Name = "web" }, conditions), new TargetStatus(null, conditions)]);
        return ImmutableSortedDictionary.Create<string, PolicyStatus>(StringComparer.Ordinal).Add(status.Key, status);
    }

    private static JsonArray Ancestors(TestCluster cluster) =>
        cluster.Server.Store.Get(cluster.Server.Store.Find("nodemesh.io", "v1alpha1", "trafficpolicies")!, cluster.Namespace, "calm")!.Open()["status"]?["ancestors"] as JsonArray ?? [];

    private sealed class Writing : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly StatusWriter _writer;
        private readonly Task _running;

        public Writing(TestCluster cluster)
        {
            _writer = new StatusWriter(cluster.Api, TimeProvider.System, new Random(1), NullLogger.Instance);
            _running = _writer.RunAsync(() => true, _stop.Token);
        }

        public void Publish(ImmutableSortedDictionary<string, PolicyStatus> policies) =>
            _writer.Publish(ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal), policies);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
