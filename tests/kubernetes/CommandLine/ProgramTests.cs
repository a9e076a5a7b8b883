using System.Text.Json.Nodes;
using CliWrap;
using CliWrap.Buffered;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.CommandLine;

/// <summary>The program as such: its names, its help, its completion, and how it finds a cluster.</summary>
public class ProgramTests
{
    [Fact(Timeout = 60_000)]
    public async Task As_a_plugin_of_kubectl_it_says_what_is_typed()
    {
        var asPlugin = await CommandLine.RunLinkAsync("kubectl-nodemesh", "describe", "--help");
        Assert.Contains("\n  kubectl nodemesh describe <kind> <name> [options]\n", asPlugin.StandardOutput, StringComparison.Ordinal);
        var plain = await CommandLine.RunAsync((string?)null, "describe", "--help");
        Assert.Contains("\n  nodemesh describe <kind> <name> [options]\n", plain.StandardOutput, StringComparison.Ordinal);

        Assert.StartsWith("kubectl nodemesh: ", (await CommandLine.RunLinkAsync("kubectl-nodemesh", "nonsense")).StandardError, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_a_command_it_says_which_there_are()
    {
        var result = await CommandLine.RunAsync((string?)null);
        Assert.Equal(0, result.ExitCode);
        Assert.All(
            ["install", "upgrade", "uninstall", "check", "status", "pods", "routes", "describe", "config", "version", "completion"],
            command => Assert.Contains($"\n  {command} ", result.StandardOutput, StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_tells_its_version()
    {
        Assert.StartsWith("nodemesh ", (await CommandLine.RunAsync((string?)null, "version")).StandardOutput, StringComparison.Ordinal);
        var json = JsonNode.Parse((await CommandLine.RunAsync((string?)null, "version", "-o", "json")).StandardOutput)!;
        Assert.Matches(@"^\d+\.\d+\.\d+", (string)json["version"]!);
        Assert.Contains($"version: {json["version"]}\n", (await CommandLine.RunAsync((string?)null, "version", "-o", "yaml")).StandardOutput, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("nodemesh st", "status")]
    [InlineData("nodemesh describe se", "service")]
    [InlineData("nodemesh status --out", "--output")]
    [InlineData("nodemesh status -o ya", "yaml")]
    [InlineData("kubectl-nodemesh ver", "version")]
    public async Task Bash_completes_what_was_begun(string typed, string completed)
    {
        var words = typed.Split(' ');
        // What bash does at a tab.
        var script = $$"""
            nodemesh() { '{{Program}}' "$@"; }
            kubectl-nodemesh() { '{{Program}}' "$@"; }
            source <(nodemesh completion bash)
            COMP_WORDS=({{typed}}) COMP_CWORD={{words.Length - 1}} COMP_LINE='{{typed}}' COMP_POINT={{typed.Length}}
            _nodemesh
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var result = await CliWrap.Cli.Wrap("bash").WithArguments(["-c", script]).ExecuteBufferedAsync();
        Assert.Equal(("", completed + "\n"), (result.StandardError, result.StandardOutput));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("nodemesh st", "nodemesh status")]
    [InlineData("nodemesh describe se", "nodemesh describe service")]
    [InlineData("kubectl-nodemesh ver", "kubectl-nodemesh version")]
    public async Task Zsh_completes_what_was_begun(string typed, string completed)
    {
        // A shell on a terminal of its own, where a tab is typed.
        var script = $$"""
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell $'function nodemesh kubectl-nodemesh { {{Program}} "$@" }; autoload -Uz compinit; compinit -D; source <(nodemesh completion zsh); echo it is rea""dy'
            zpty -r -m shell before '*it is ready*'
            zpty -n -w shell $'{{typed}}\t'
            zpty -r -m shell after '*{{completed}}*' && echo completed
            zpty -d shell
            """;
        var result = await CliWrap.Cli.Wrap("zsh").WithArguments(["-f", "-c", script]).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("completed\n", result.StandardOutput, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Kubectl_completes_what_was_begun()
    {
        Assert.Equal("demo\ndescribe\n:4\n", (await CommandLine.RunLinkAsync("kubectl_complete-nodemesh", "de")).StandardOutput);
        Assert.Equal("pod\n:4\n", (await CommandLine.RunLinkAsync("kubectl_complete-nodemesh", "describe", "pod")).StandardOutput);
        Assert.Equal("--output\n:4\n", (await CommandLine.RunLinkAsync("kubectl_complete-nodemesh", "pods", "--ou")).StandardOutput);
    }

    [Fact(Timeout = 60_000)]
    public async Task Several_kubeconfigs_are_one_and_the_context_says_the_namespace()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server;
        await cluster.ServiceAsync("web");
        var directory = Directory.CreateTempSubdirectory("nodemesh-kubeconfig-").FullName;
        await File.WriteAllTextAsync($"{directory}/contexts", $$$"""
            {"apiVersion":"v1","kind":"Config","current-context":"mine","contexts":[{"name":"mine","context":{"cluster":"there","user":"me","namespace":"{{{cluster.Namespace}}}"}}]}
            """);
        await File.WriteAllTextAsync($"{directory}/rest", $$$"""
            {"apiVersion":"v1","kind":"Config","current-context":"other","clusters":[{"name":"there","cluster":{"server":"{{{cluster.Server.Address}}}"}}],"users":[{"name":"me","user":{"token":"x"}}]}
            """);
        var result = await CommandLine.RunAsync($"{directory}/contexts:{directory}/absent:{directory}/rest", "describe", "service", "web");
        Directory.Delete(directory, recursive: true);

        // The Service was found; that there is no mesh is another matter.
        Assert.DoesNotContain("there is no Service", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("no agent runs in namespace nodemesh-system", result.StandardError, StringComparison.Ordinal);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "nodemesh");
}
