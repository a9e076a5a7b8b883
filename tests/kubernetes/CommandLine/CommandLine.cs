using CliWrap;
using CliWrap.Buffered;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.CommandLine;

/// <summary>Runs the program `nodemesh` as a user does.</summary>
internal static class CommandLine
{
    private static string Program => Path.Combine(AppContext.BaseDirectory, "nodemesh");

    public static Task<BufferedCommandResult> RunAsync(TestCluster cluster, params string[] arguments) => RunAsync(cluster.Kubeconfig, arguments);

    /// <param name="kubeconfig">$KUBECONFIG.</param>
    public static async Task<BufferedCommandResult> RunAsync(string? kubeconfig, params string[] arguments) => await RunAsAsync(Program, kubeconfig, arguments);

    /// <summary>As a symbolic link of this name to the program.</summary>
    public static async Task<BufferedCommandResult> RunLinkAsync(string name, params string[] arguments)
    {
        var directory = Directory.CreateTempSubdirectory("nodemesh-link-");
        try
        {
            var link = File.CreateSymbolicLink(Path.Combine(directory.FullName, name), Program);
            return await RunAsAsync(link.FullName, null, arguments);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>What it prints when all is well.</summary>
    public static async Task<string> PrintsAsync(TestCluster cluster, params string[] arguments)
    {
        var result = await RunAsync(cluster, arguments);
        Assert.True(result is { ExitCode: 0, StandardError: "" }, $"{result.ExitCode}: {result.StandardError}{result.StandardOutput}");
        return result.StandardOutput;
    }

    private static async Task<BufferedCommandResult> RunAsAsync(string program, string? kubeconfig, string[] arguments)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(50));
        return await CliWrap.Cli.Wrap(program).WithArguments(arguments)
            .WithEnvironmentVariables(variables => variables.Set("KUBECONFIG", kubeconfig).Set("HOME", "/nowhere"))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
    }
}
