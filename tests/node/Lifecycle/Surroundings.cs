using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

/// <summary>Where an agent is started: in a container that is the root of the file system.</summary>
public sealed class Surroundings
{
    [Fact(Timeout = 60_000)]
    public async Task An_agent_takes_no_settings_from_its_current_directory_or_the_environment_and_watches_its_resources_alone()
    {
        await using var mesh = await TestMesh.CreateAsync("ebpf");
        var node = mesh.Nodes[0];
        var home = $"{TestRun.Directory}/{mesh.Name}/home";
        for (var i = 0; i < 100; i++)
        {
            Directory.CreateDirectory($"{home}/{i}");
        }
        await File.WriteAllTextAsync($"{home}/appsettings.json", """{"Kestrel": {"Endpoints": {"More": {"Url": "http://127.0.0.1:15098"}}}}""");
        await using var process = ChildProcess.Start(node.Inside(
        [
            "env", "-C", home, "ASPNETCORE_HTTP_PORTS=15099", "DOTNET_KESTREL__ENDPOINTS__MORE__URL=http://127.0.0.1:15097",
            Products.Agent, "run", .. mesh.Source, "--admin", "127.0.0.1:15020", "--state", node.Agent.State, "--proxy", Products.Proxy, "--node", node.Name,
        ]));
        await node.Agent.ReadyAsync(process);

        var listeners = (await node.ExecAsync("ss", "-Hltn")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("127.0.0.1:15020", Assert.Single(listeners), StringComparison.Ordinal);
        Assert.InRange(Watches(process.Pid), 1, 10);

        process.Signal(Libc.SIGTERM);
        Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
    }

    /// <summary>How many directories and files a process has the kernel watch for it (proc(5), fdinfo of inotify).</summary>
    private static int Watches(int pid) => Directory.GetFiles($"/proc/{pid}/fd")
        .Where(file => new FileInfo(file).LinkTarget == "anon_inode:inotify")
        .Sum(file => File.ReadLines(file.Replace("/fd/", "/fdinfo/", StringComparison.Ordinal)).Count(line => line.StartsWith("inotify ", StringComparison.Ordinal)));
}
