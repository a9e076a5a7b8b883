using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.CommandLine;

public class InstallTests
{
    [Fact(Timeout = 120_000)]
    public async Task An_installation_has_the_kinds_of_the_mesh_and_they_outlive_it()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // never into a real cluster
        var installed = await CommandLine.PrintsAsync(cluster, "install", "--timeout", "0");
        Assert.Contains("CustomResourceDefinition faultpolicies.nodemesh.io created", installed, StringComparison.Ordinal);
        Assert.Contains("DaemonSet nodemesh created", installed, StringComparison.Ordinal);

        // They are served, and hold policies to their schema.
        await cluster.CreateAsync("nodemesh.io/v1alpha1", "trafficpolicies", Policy("PreferZone"));
        var refused = await Assert.ThrowsAsync<ApiException>(() => cluster.CreateAsync("nodemesh.io/v1alpha1", "trafficpolicies", Policy("Nearby")));
        Assert.Contains("Unsupported value", refused.Message, StringComparison.Ordinal);

        Assert.Contains("DaemonSet nodemesh applied", await CommandLine.PrintsAsync(cluster, "upgrade", "--timeout", "0"), StringComparison.Ordinal);

        Assert.Contains("DaemonSet nodemesh deleted", await CommandLine.PrintsAsync(cluster, "uninstall"), StringComparison.Ordinal);
        Assert.Single(await cluster.ListAsync("nodemesh.io/v1alpha1", "trafficpolicies"));
    }

    private static string Policy(string locality) => $$$"""
        {"apiVersion":"nodemesh.io/v1alpha1","kind":"TrafficPolicy","metadata":{"name":"{{{locality.ToLowerInvariant()}}}"},
         "spec":{"targetRefs":[{"group":"","kind":"Service","name":"web"}],"loadBalancing":{"locality":"{{{locality}}}"} } }
        """;
}
