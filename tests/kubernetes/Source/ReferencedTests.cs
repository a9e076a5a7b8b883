using System.Text.Json.Nodes;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.Source;

/// <summary>ConfigMaps, of which those alone are read that a BackendTLSPolicy names.</summary>
public class ReferencedTests
{
    private const string Definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"backendtlspolicies.gateway.networking.k8s.io"},
         "spec":{"group":"gateway.networking.k8s.io","scope":"Namespaced","names":{"kind":"BackendTLSPolicy","plural":"backendtlspolicies"},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{} } }] } }
        """;

    [Fact(Timeout = 60_000)]
    public async Task Only_what_a_policy_names_is_read_and_for_as_long_as_it_does()
    {
        await using var cluster = await TestCluster.StartAsync();
        Define(cluster);
        Map(cluster, "ca", "one");
        Map(cluster, "other", "two");
        Policy(cluster, "ca");
        await using var watching = new Watching(cluster);

        var first = await watching.UntilAsync("the policy and what it names", set => set.BackendTlsPolicies.Count == 1);
        Assert.Equal([($"{cluster.Namespace}/ca", "one")], first.ConfigMaps.Select(map => (map.Key, map.Value.Data.CaCertificates)));

        Map(cluster, "ca", "three");
        await watching.UntilAsync("the change", set => set.ConfigMaps[$"{cluster.Namespace}/ca"].Data.CaCertificates == "three");

        Policy(cluster, "other");
        await watching.UntilAsync("the other", set => set.ConfigMaps.Keys.SequenceEqual([$"{cluster.Namespace}/other"]));
        Map(cluster, "ca", "four");
        cluster.Server.Store.Delete("BackendTLSPolicy", cluster.Namespace, "p");
        await watching.UntilAsync("nothing", set => set.ConfigMaps.Count == 0);
        await Soon.TrueAsync("no watch is left", () => cluster.Server.OpenWatches == 8);

        // Never was one told of without the other, and never was one asked for that nobody had named.
        Assert.All(watching.Sets, set => Assert.Equal(set.BackendTlsPolicies.Values.SelectMany(policy => policy.ConfigMaps()), set.ConfigMaps.Keys));
        Assert.All(
            cluster.Server.Requests.Where(request => request.Resource == "configmaps"),
            request => Assert.Contains(request.Parameter("fieldSelector"), new[] { "metadata.name=ca", "metadata.name=other" }));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_not_there_keeps_nobody_waiting()
    {
        await using var cluster = await TestCluster.StartAsync();
        Define(cluster);
        Policy(cluster, "missing");
        await using var watching = new Watching(cluster);

        await watching.UntilAsync("the policy", set => set.BackendTlsPolicies.Count == 1 && set.ConfigMaps.Count == 0);
        Map(cluster, "missing", "now");
        await watching.UntilAsync("the ConfigMap", set => set.ConfigMaps.Count == 1);
    }

    private static void Define(TestCluster cluster)
    {
        var definition = JsonNode.Parse(Definition)!.AsObject();
        cluster.Server.Store.Put(definition);
        cluster.Server.Customs.Define(definition);
    }

    private static void Map(TestCluster cluster, string name, string text) => cluster.Server.Store.Put($$$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"{{{cluster.Namespace}}}","name":"{{{name}}}"},"data":{"ca.crt":"{{{text}}}","large":"x"} }
        """);

    private static void Policy(TestCluster cluster, string map) => cluster.Server.Store.Put($$$"""
        {"apiVersion":"gateway.networking.k8s.io/v1","kind":"BackendTLSPolicy","metadata":{"namespace":"{{{cluster.Namespace}}}","name":"p"},
         "spec":{"targetRefs":[{"group":"","kind":"Service","name":"web"}],
          "validation":{"hostname":"web.example","caCertificateRefs":[{"group":"","kind":"ConfigMap","name":"{{{map}}}"}] } } }
        """);
}
