using CliWrap;
using CliWrap.Buffered;
using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>The agent of one machine, which starts the proxy; ready when every pod of the machine is captured.</summary>
internal sealed class NodeMeshAgent(Machine machine, Cgroup cgroup, Workspace workspace, string binaries) : IAsyncDisposable
{
    private const string Admin = "127.0.0.1:15020";
    private const int Attempts = 150;
    private Daemon? _daemon;

    /// <summary>Where policies may have access logs written.</summary>
    public string AccessLogs { get; } = workspace.PathOf("access-logs");

    public async Task StartAsync(string node, string resources, CancellationToken cancelled)
    {
        _daemon = new Daemon(
            new Placement(machine.Namespace, cgroup), workspace.PathOf($"{node}.log"),
            Path.Combine(binaries, "nodemesh-agent"), "run",
            "--resources", resources, "--capture", "ebpf", "--admin", Admin, "--state", Directory.CreateDirectory(workspace.PathOf(node)).FullName,
            "--proxy", Path.Combine(binaries, "nodemesh-proxy"), "--node", node, "--access-log-dir", AccessLogs);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            _daemon.ThrowIfExited();
            if (await StatusAsync(cancelled) == "200")
            {
                return;
            }
            await Task.Delay(100, cancelled);
        }
        throw _daemon.Failed($"isn't ready after {Attempts / 10} seconds (http://{Admin}/readyz)");
    }

    public ValueTask DisposeAsync() => _daemon?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What its admin port answers.</summary>
    public Task<string> AskAsync(string path, CancellationToken cancelled) => CurlAsync(path, [], cancelled);

    private Task<string> StatusAsync(CancellationToken cancelled) => CurlAsync("readyz", ["-o", "/dev/null", "-w", "%{http_code}"], cancelled);

    private async Task<string> CurlAsync(string path, string[] options, CancellationToken cancelled)
    {
        var result = await Cli.Wrap("nsenter")
            .WithArguments([$"--net=/run/netns/{machine.Namespace}", "curl", "-s", .. options, "-m", "2", $"http://{Admin}/{path}"])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancelled);
        return result.StandardOutput;
    }
}
