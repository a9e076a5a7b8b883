using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Containers;

/// <summary>A container under runc.</summary>
public sealed class RunContainer : IAsyncDisposable
{
    private readonly string _id;
    private readonly string _root;

    private RunContainer(string id, string root, ChildProcess process) => (_id, _root, Process) = (id, root, process);

    public ChildProcess Process { get; }

    public static RunContainer Start(string id, string directory, JsonObject bundle)
    {
        Directory.CreateDirectory($"{directory}/{id}/rootfs");
        File.WriteAllText($"{directory}/{id}/config.json", bundle.ToJsonString());
        var root = $"{directory}/runc";
        return new RunContainer(id, root, ChildProcess.Start(["runc", "--root", root, "run", "--bundle", $"{directory}/{id}", id]));
    }

    /// <summary>As the kubelet stops a container.</summary>
    public async Task StopAsync()
    {
        await Commands.TryAsync("runc", "--root", _root, "kill", _id, "TERM");
        await Process.WaitForExitAsync(TimeSpan.FromSeconds(45));
    }

    /// <summary>As the kubelet runs a probe in a container; the exit code.</summary>
    public async Task<int> ExecAsync(string variable, params string[] command) =>
        (await Commands.TryAsync(["runc", "--root", _root, "exec", "--env", variable, _id, .. command])).ExitCode;

    public async ValueTask DisposeAsync()
    {
        await Commands.TryAsync("runc", "--root", _root, "delete", "--force", _id);
        await Process.DisposeAsync();
    }
}
