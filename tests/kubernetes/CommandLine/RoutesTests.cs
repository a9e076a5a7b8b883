using System.Text.Json.Nodes;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.CommandLine;

public class RoutesTests
{
    private const string Api = "gateway.networking.k8s.io/v1";

    private const string Said = """
        {"parents":[
         {"parentRef":{"group":"","kind":"Service","name":"web","port":80},"controllerName":"example.com/other","conditions":[
          {"type":"Accepted","status":"False","reason":"NotMine","message":"no","observedGeneration":1,"lastTransitionTime":"2026-01-01T00:00:00Z"}]},
         {"parentRef":{"group":"","kind":"Service","name":"web","port":80},"controllerName":"nodemesh.io/controller","conditions":[
          {"type":"Accepted","status":"True","reason":"Accepted","message":"in force","observedGeneration":1,"lastTransitionTime":"2026-01-01T00:00:00Z"},
          {"type":"ResolvedRefs","status":"False","reason":"BackendNotFound","message":"there is no Service nobody","observedGeneration":1,"lastTransitionTime":"2026-01-01T00:00:00Z"}]}]}
        """;

    [Fact(Timeout = 60_000)]
    public async Task They_are_shown_with_what_the_mesh_says_of_them()
    {
        await using var cluster = await StartAsync();
        await RouteAsync(cluster, "HTTPRoute", "canary", """, "hostnames":["a.example","b.example"]""");
        await cluster.StatusAsync(Api, "httproutes", "canary", Said);

        var table = await CommandLine.PrintsAsync(cluster, "routes", "-n", cluster.Namespace);
        Assert.Equal(["NAMESPACE", "KIND", "NAME", "SERVICE", "ACCEPTED", "REFS", "WHY"], Cells(table, 0));
        Assert.Equal([cluster.Namespace, "HTTPRoute", "canary", $"{cluster.Namespace}/web:80", "True", "False", "BackendNotFound: there is no Service nobody"], Cells(table, 1));
        Assert.Equal("a.example,b.example", Cells(await CommandLine.PrintsAsync(cluster, "routes", "-o", "wide"), 1)[6]);

        var row = JsonNode.Parse(await CommandLine.PrintsAsync(cluster, "routes", "-o", "json"))!.AsArray().Single()!;
        Assert.Equal(("True", "False", "b.example"), ((string?)row["accepted"], (string?)row["resolvedRefs"], (string?)row["hostnames"]![1]));
        Assert.Contains("  hostnames:\n  - a.example\n  - b.example\n", await CommandLine.PrintsAsync(cluster, "routes", "-o", "yaml"), StringComparison.Ordinal);

        await cluster.MergeAsync(Api, "httproutes", "canary", """{"spec":{"hostnames":["c.example"]}}""");
        Assert.Contains("it has changed since this was said", await CommandLine.PrintsAsync(cluster, "routes"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_which_nothing_was_said_yet_is_said_so()
    {
        await using var cluster = await StartAsync();
        await RouteAsync(cluster, "GRPCRoute", "calls");
        var row = Cells(await CommandLine.PrintsAsync(cluster, "routes"), 1);
        Assert.Equal(("GRPCRoute", "Unknown"), (row[1], row[4]));
        Assert.StartsWith("no status yet", row[6], StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_two_kinds_by_one_name_one_must_be_chosen()
    {
        await using var cluster = await StartAsync();
        await RouteAsync(cluster, "HTTPRoute", "both");
        await RouteAsync(cluster, "GRPCRoute", "both");

        var result = await CommandLine.RunAsync(cluster, "describe", "route", "both", "-n", cluster.Namespace);
        Assert.Equal(
            (1, $"nodemesh describe: HTTPRoute {cluster.Namespace}/both and GRPCRoute {cluster.Namespace}/both have the same name: say which by its kind, as in describe httproute both\n"),
            (result.ExitCode, result.StandardError));
    }

    private static async Task<TestCluster> StartAsync()
    {
        var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // a real cluster has the real definitions, or none
        foreach (var kind in new[] { "HTTPRoute", "GRPCRoute" })
        {
            await cluster.CreateAsync("apiextensions.k8s.io/v1", "customresourcedefinitions", $$$"""
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{kind.ToLowerInvariant()}}}s.gateway.networking.k8s.io"},
                 "spec":{"group":"gateway.networking.k8s.io","scope":"Namespaced","names":{"kind":"{{{kind}}}","plural":"{{{kind.ToLowerInvariant()}}}s"},
                  "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{} } }] } }
                """, isNamespaced: false);
        }
        return cluster;
    }

    private static Task RouteAsync(TestCluster cluster, string kind, string name, string more = "") => cluster.CreateAsync(Api, $"{kind.ToLowerInvariant()}s", $$$"""
        {"apiVersion":"{{{Api}}}","kind":"{{{kind}}}","metadata":{"name":"{{{name}}}" },"spec":{"parentRefs":[{"group":"","kind":"Service","name":"web","port":80}] {{{more}}} } }
        """);

    private static string[] Cells(string table, int row) => System.Text.RegularExpressions.Regex.Split(table.Split('\n')[row], " {3,}");
}
