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

    public async Task StartAsync(string node, string resources, CancellationToken cancelled)
    {
        _daemon = new Daemon(
            new Placement(machine.Namespace, cgroup), workspace.PathOf($"{node}.log"),
            Path.Combine(binaries, "nodemesh-agent"), "run",
            "--resources", resources, "--capture", "ebpf", "--admin", Admin, "--state", Directory.CreateDirectory(workspace.PathOf(node)).FullName,
            "--proxy", Path.Combine(binaries, "nodemesh-proxy"), "--node", node);
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

    private async Task<string> StatusAsync(CancellationToken cancelled)
    {
        var result = await Cli.Wrap("nsenter")
            .WithArguments([$"--net=/run/netns/{machine.Namespace}", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "2", $"http://{Admin}/readyz"])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancelled);
        return result.StandardOutput;
    }
}
