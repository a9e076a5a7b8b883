using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.CommandLine;

/// <summary>Whatever is wrong: one sentence that says what, on stderr, and exit code 1.</summary>
public class BadInputTests
{
    private const string NoCluster = """
        {"apiVersion":"v1","kind":"Config","current-context":"gone",
         "contexts":[{"name":"gone","context":{"cluster":"gone","user":"me"}}],
         "clusters":[{"name":"gone","cluster":{"server":"http://127.0.0.1:9"}}],
         "users":[{"name":"me","user":{"token":"x"}}]}
        """;

    [Theory(Timeout = 60_000)]
    [InlineData("there is no Service nobody in namespace default: name another with --namespace", "describe", "service", "nobody")]
    [InlineData("there is no Pod nobody in namespace elsewhere", "describe", "pod", "nobody", "-n", "elsewhere")]
    [InlineData("there is no route with a Service as parent nobody", "describe", "route", "nobody")]
    [InlineData("'gateway' not recognized. Must be one of: 'service'", "describe", "gateway", "nobody")]
    [InlineData("no agent runs in namespace nodemesh-nowhere", "status", "--mesh-namespace", "nodemesh-nowhere")]
    [InlineData("no agent runs in namespace nodemesh-nowhere", "config", "node-1", "--mesh-namespace", "nodemesh-nowhere")]
    [InlineData("context nonsense: CurrentContext: nonsense not found", "pods", "--context", "nonsense")]
    [InlineData("there is no kubeconfig at /nowhere/config: name one with --kubeconfig", "routes", "--kubeconfig", "/nowhere/config")]
    [InlineData("'stauts'", "stauts")]
    [InlineData("'xml' not recognized", "status", "-o", "xml")]
    public async Task A_mistake_is_named(string named, params string[] arguments)
    {
        await using var cluster = await TestCluster.StartAsync();
        var result = await CommandLine.RunAsync(cluster, arguments);
        IsOneSentence(result, named);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("status")]
    [InlineData("check")]
    [InlineData("install")]
    [InlineData("uninstall")]
    public async Task A_cluster_that_does_not_answer_is_named(string command)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, NoCluster);
        var result = await CommandLine.RunAsync(file, command);
        File.Delete(file);
        IsOneSentence(result, "http://127.0.0.1:9/ does not answer");
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_a_kubeconfig_it_says_where_it_looked() =>
        IsOneSentence(await CommandLine.RunAsync((string?)null, "pods"), "there is no kubeconfig at /nowhere/.kube/config");

    private static void IsOneSentence(CliWrap.Buffered.BufferedCommandResult result, string named)
    {
        Assert.Contains(named, result.StandardError, StringComparison.Ordinal);
        Assert.Equal(1, result.StandardError.Count(c => c == '\n'));
        Assert.StartsWith("nodemesh", result.StandardError, StringComparison.Ordinal);
        Assert.Equal((1, ""), (result.ExitCode, result.StandardOutput));
    }
}
