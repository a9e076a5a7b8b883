using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Reporting;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.KubernetesTests.Cluster;
using NodeMesh.TestApiServer.Faults;

namespace NodeMesh.KubernetesTests.Reporting;

public class RouteStatusTests
{
    private const string Routes = "gateway.networking.k8s.io/v1";

    private const string Route = """
        {"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"canary"},"spec":{"parentRefs":[{"group":"","kind":"Service","name":"web","port":80}]}}
        """;

    private const string ByAnother = """{"parents":[{"parentRef":{"name":"gw"},"controllerName":"example.com/other","conditions":[]}]}""";

    [Fact(Timeout = 60_000)]
    public async Task Conditions_are_written_beside_those_of_others_and_only_when_they_differ()
    {
        await using var cluster = await WithRouteAsync();
        await cluster.StatusAsync(Routes, "httproutes", "canary", ByAnother);
        var route = await cluster.GetAsync(Routes, "httproutes", "canary");
        await using var writer = new Writing(cluster);

        writer.Publish(Status(cluster, route, "in force"));
        await Soon.TrueAsync("it is written", () => Parents(cluster).Count == 2);
        Assert.Equal("example.com/other", (string?)Parents(cluster)[0]!["controllerName"]);
        var ours = Parents(cluster)[1]!;
        Assert.Equal(("nodemesh.io/controller", "web"), ((string?)ours["controllerName"], (string?)ours["parentRef"]!["name"]));
        var condition = ours["conditions"]![0]!;
        Assert.Equal(("Accepted", "True", "Accepted"), ((string?)condition["type"], (string?)condition["status"], (string?)condition["reason"]));
        Assert.Equal((long)route["metadata"]!["generation"]!, (long)condition["observedGeneration"]!);

        // The same again, by a writer that starts anew: it looks, and writes nothing.
        var version = Version(cluster);
        await writer.DisposeAsync();
        await using var next = new Writing(cluster);
        cluster.Server.ForgetRequests();
        next.Publish(Status(cluster, route, "in force"));
        await Soon.TrueAsync("it has looked", () => cluster.Server.Requests.Any(request => request.Is("get", "httproutes")));
        await Task.Delay(700);
        Assert.Equal(version, Version(cluster));
        Assert.Single(cluster.Server.Requests);

        // Another message: the time of the transition stays.
        next.Publish(Status(cluster, route, "in force on port 80"));
        await Soon.TrueAsync("the new message", () => (string?)Parents(cluster)[1]!["conditions"]![0]!["message"] == "in force on port 80");
        Assert.Equal((string?)condition["lastTransitionTime"], (string?)Parents(cluster)[1]!["conditions"]![0]!["lastTransitionTime"]);

        // No Service is its parent any more.
        next.Publish(ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal));
        await Soon.TrueAsync("ours is gone", () => Parents(cluster).Count == 1);
        Assert.Equal("example.com/other", (string?)Parents(cluster)[0]!["controllerName"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_was_said_of_an_earlier_generation_is_not_written()
    {
        await using var cluster = await WithRouteAsync();
        var old = await cluster.GetAsync(Routes, "httproutes", "canary");
        await cluster.MergeAsync(Routes, "httproutes", "canary", """{"spec":{"hostnames":["a.example"]}}""");
        await using var writer = new Writing(cluster);
        cluster.Server.ForgetRequests();

        writer.Publish(Status(cluster, old, "in force"));
        await Soon.TrueAsync("it has looked twice", () => cluster.Server.Requests.Count(request => request.Is("get", "httproutes")) >= 2);
        Assert.Empty(Parents(cluster));

        writer.Publish(Status(cluster, await cluster.GetAsync(Routes, "httproutes", "canary"), "in force"));
        await Soon.TrueAsync("the new one is written", () => Parents(cluster).Count == 1);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_entry_that_another_writes_at_the_same_time_is_not_lost()
    {
        await using var cluster = await WithRouteAsync();
        var route = await cluster.GetAsync(Routes, "httproutes", "canary");
        // Between our reading and our writing.
        cluster.Server.Faults.Add(new Fault(request => request.Is("patch", "httproutes") && request.Parameter("fieldManager") == "nodemesh")
        {
            Times = 1, Delay = TimeSpan.FromSeconds(1),
        });
        await using var writer = new Writing(cluster);
        writer.Publish(Status(cluster, route, "in force"));
        await Soon.TrueAsync("we are about to write", () => cluster.Server.Requests.Any(request => request.Is("patch", "httproutes")));
        await cluster.StatusAsync(Routes, "httproutes", "canary", ByAnother);

        await Soon.TrueAsync("both are there", () => Parents(cluster).Count == 2);
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_is_not_elected_writes_nothing()
    {
        await using var cluster = await WithRouteAsync();
        var route = await cluster.GetAsync(Routes, "httproutes", "canary");
        var isElected = false;
        await using var writer = new Writing(cluster, () => isElected);
        cluster.Server.ForgetRequests();
        writer.Publish(Status(cluster, route, "in force"));
        await Task.Delay(1200); // two looks
        Assert.Empty(cluster.Server.Requests);

        isElected = true;
        await Soon.TrueAsync("it is written", () => Parents(cluster).Count == 1);
    }

    private static async Task<TestCluster> WithRouteAsync()
    {
        var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // a real cluster has the real definition, or none
        await cluster.CreateAsync("apiextensions.k8s.io/v1", "customresourcedefinitions", """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"httproutes.gateway.networking.k8s.io"},
             "spec":{"group":"gateway.networking.k8s.io","scope":"Namespaced","names":{"kind":"HTTPRoute","plural":"httproutes","singular":"httproute"},
              "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
                "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
                  "status":{"type":"object","properties":{"parents":{"type":"array","maxItems":32,"x-kubernetes-list-type":"atomic","items":{"type":"object",
                    "required":["parentRef","controllerName"],"properties":{
                      "parentRef":{"type":"object","required":["name"],"properties":{"group":{"type":"string"},"kind":{"type":"string"},"namespace":{"type":"string"},"name":{"type":"string"},"sectionName":{"type":"string"},"port":{"type":"integer"}}},
                      "controllerName":{"type":"string","pattern":"^[a-z0-9.]+/[A-Za-z0-9/._-]+$"},
                      "conditions":{"type":"array","maxItems":8,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"type":"object",
                        "required":["type","status","reason","message","lastTransitionTime"],"properties":{
                          "type":{"type":"string"},"status":{"type":"string","enum":["True","False","Unknown"]},"reason":{"type":"string","minLength":1},"message":{"type":"string","maxLength":32768},
                          "observedGeneration":{"type":"integer"},"lastTransitionTime":{"type":"string"}}}}}}}}}}}}}]}}
            """, isNamespaced: false);
        await cluster.CreateAsync(Routes, "httproutes", Route);
        return cluster;
    }

    private static ImmutableSortedDictionary<string, RouteStatus> Status(TestCluster cluster, JsonObject route, string message)
    {
        var status = new RouteStatus(
            "HTTPRoute", cluster.Namespace, "canary", (string?)route["metadata"]!["uid"], (long)route["metadata"]!["generation"]!,
            [new ParentStatus(new ParentReference { Group = "", Kind = "Service", Name = "web", Port = 80 }, [new RouteCondition(RouteCondition.Accepted, true, RouteReason.Accepted, message)])]);
        return ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal).Add(status.Key, status);
    }

    private static JsonObject Live(TestCluster cluster) =>
        cluster.Server.Store.Get(cluster.Server.Store.Find("gateway.networking.k8s.io", "v1", "httproutes")!, cluster.Namespace, "canary")!.Open();

    private static JsonArray Parents(TestCluster cluster) => Live(cluster)["status"]?["parents"] as JsonArray ?? [];

    private static string? Version(TestCluster cluster) => (string?)Live(cluster)["metadata"]!["resourceVersion"];

    private sealed class Writing : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly StatusWriter _writer;
        private readonly Task _running;

        public Writing(TestCluster cluster, Func<bool>? isHolder = null)
        {
            _writer = new StatusWriter(cluster.Api, TimeProvider.System, new Random(1), NullLogger.Instance);
            _running = _writer.RunAsync(isHolder ?? (() => true), _stop.Token);
        }

        public void Publish(ImmutableSortedDictionary<string, RouteStatus> routes) =>
            _writer.Publish(routes, ImmutableSortedDictionary.Create<string, PolicyStatus>(StringComparer.Ordinal));

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
