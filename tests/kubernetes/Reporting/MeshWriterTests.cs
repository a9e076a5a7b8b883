using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Reporting;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.Reporting;

public class MeshWriterTests
{
    private const string Definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"xmeshes.gateway.networking.x-k8s.io"},
         "spec":{"group":"gateway.networking.x-k8s.io","scope":"Cluster","names":{"kind":"XMesh","plural":"xmeshes"},
          "versions":[{"name":"v1alpha1","served":true,"storage":true,"subresources":{"status":{}},
           "schema":{"openAPIV3Schema":{"type":"object","properties":{
            "spec":{"type":"object","properties":{"controllerName":{"type":"string"}}},
            "status":{"type":"object","properties":{
             "conditions":{"type":"array","maxItems":8,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"type":"object",
              "required":["type","status","reason","message","lastTransitionTime"],"properties":{"type":{"type":"string"},"status":{"type":"string","enum":["True","False","Unknown"]},
               "reason":{"type":"string","minLength":1},"message":{"type":"string"},"observedGeneration":{"type":"integer"},"lastTransitionTime":{"type":"string"}}}},
             "supportedFeatures":{"type":"array","maxItems":64,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object",
              "required":["name"],"properties":{"name":{"type":"string"}}}}}}}}}}]}}
        """;

    [Fact(Timeout = 60_000)]
    public async Task Our_XMesh_says_what_is_supported_and_that_of_another_is_left_alone()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // a real cluster has its own definitions, or none
        await cluster.CreateAsync("apiextensions.k8s.io/v1", "customresourcedefinitions", Definition, isNamespaced: false);
        await CreateAsync(cluster, "ours", "nodemesh.io/controller");
        await CreateAsync(cluster, "theirs", "example.com/mesh");

        await RunAsync(cluster, () => Find(cluster, "ours")["status"] is not null);
        var status = Find(cluster, "ours")["status"]!;
        var features = status["supportedFeatures"]!.AsArray().Select(feature => (string)feature!["name"]!).ToList();
        Assert.Contains("MeshConsumerRoute", features);
        Assert.Equal(features.Order(StringComparer.Ordinal), features);
        Assert.Equal(("Accepted", "True", 1), ((string?)status["conditions"]![0]!["type"], (string?)status["conditions"]![0]!["status"], (int)status["conditions"]![0]!["observedGeneration"]!));
        Assert.Null(Find(cluster, "theirs")["status"]);

        // Another that is elected later writes nothing.
        cluster.Server.ForgetRequests();
        await RunAsync(cluster, () => cluster.Server.Requests.Any(request => request.Is("list", "xmeshes")));
        Assert.DoesNotContain(cluster.Server.Requests, request => request.Verb == "patch");
    }

    private static async Task RunAsync(TestCluster cluster, Func<bool> until)
    {
        using var stop = new CancellationTokenSource();
        var running = new MeshWriter(cluster.Api, TimeProvider.System, NullLogger.Instance).RunAsync(() => true, stop.Token);
        await Soon.TrueAsync("it is done", until);
        await Task.Delay(200);
        await stop.CancelAsync();
        await running;
    }

    private static Task CreateAsync(TestCluster cluster, string name, string controller) => cluster.CreateAsync("gateway.networking.x-k8s.io/v1alpha1", "xmeshes", $$$"""
        {"apiVersion":"gateway.networking.x-k8s.io/v1alpha1","kind":"XMesh","metadata":{"name":"{{{name}}}"},"spec":{"controllerName":"{{{controller}}}"} }
        """, isNamespaced: false);

    private static JsonObject Find(TestCluster cluster, string name) =>
        cluster.Server.Store.Get(cluster.Server.Store.Find("gateway.networking.x-k8s.io", "v1alpha1", "xmeshes")!, "", name)!.Open();
}
