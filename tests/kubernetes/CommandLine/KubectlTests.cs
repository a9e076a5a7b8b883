using CliWrap;
using CliWrap.Buffered;
using NodeMesh.KubernetesTests.Cluster;
using NodeMesh.UnitTests;

namespace NodeMesh.KubernetesTests.CommandLine;

/// <summary>What an operator without this project's program does with its manifests.</summary>
public class KubectlTests
{
    private static readonly string Manifests = Path.Combine(Repository.Root, "installer/manifests/nodemesh.yaml");

    [Fact(Timeout = 120_000)]
    public async Task The_plain_manifests_are_applied_and_then_nothing_is_left_to_do()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // never into a real cluster

        var applied = await KubectlAsync(cluster, "apply", "--server-side", "--validate=false", "-f", Manifests);
        Assert.Equal("", applied.StandardError);
        var objects = (await File.ReadAllTextAsync(Manifests)).Split("\n---\n").Length;
        Assert.Equal(objects, applied.StandardOutput.Split("serverside-applied").Length - 1);

        var version = await KubectlAsync(cluster, "get", "daemonset", "nodemesh", "-n", "nodemesh-system", "-o", "jsonpath={.metadata.resourceVersion}");
        await KubectlAsync(cluster, "apply", "--server-side", "--validate=false", "-f", Manifests);
        Assert.Equal(version.StandardOutput, (await KubectlAsync(cluster, "get", "daemonset", "nodemesh", "-n", "nodemesh-system", "-o", "jsonpath={.metadata.resourceVersion}")).StandardOutput);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_policy_with_a_mistake_is_refused_with_the_field_and_what_it_may_be()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server;
        await KubectlAsync(cluster, "apply", "--server-side", "--validate=false", "-f", Path.Combine(Repository.Root, "installer/crds"));

        var refused = await KubectlAsync(cluster, ["apply", "--server-side", "--validate=false", "--dry-run=server", "-f", "-"], """
            apiVersion: nodemesh.io/v1alpha1
            kind: FaultPolicy
            metadata: {name: slow}
            spec: {targetRefs: [{group: "", kind: Service, name: web}], faults: [{delay: soon}]}
            """);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("spec.faults[0].delay", refused.StandardError, StringComparison.Ordinal);
    }

    private static Task<BufferedCommandResult> KubectlAsync(TestCluster cluster, params string[] arguments) => KubectlAsync(cluster, arguments, "");

    private static async Task<BufferedCommandResult> KubectlAsync(TestCluster cluster, string[] arguments, string input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(50));
        return await CliWrap.Cli.Wrap("kubectl").WithArguments(["--kubeconfig", cluster.Kubeconfig, .. arguments])
            .WithStandardInputPipe(PipeSource.FromString(input))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
    }
}
