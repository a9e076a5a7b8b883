using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Containers;

/// <summary>A node whose kubelet runs the DaemonSet's pods: both containers under runc, as rendered, with the test's own directories for the machine's.</summary>
public sealed class ContainerNode : IAsyncDisposable
{
    private readonly RenderedDaemonSet _set;
    private readonly TestCluster _cluster;
    private readonly List<RunContainer> _containers = [];

    private ContainerNode(RenderedDaemonSet set, TestCluster cluster, string directory) => (_set, _cluster, Root) = (set, cluster, directory);

    /// <summary>For what is the machine's.</summary>
    public string Root { get; }

    public string State => $"{Root}/state";

    public string CniBinaries => $"{Root}/cni-bin";

    public string CniConfigurations => $"{Root}/net.d";

    public static async Task<ContainerNode> CreateAsync(TestCluster cluster)
    {
        var root = $"{TestRun.Directory}/{cluster.Node.Mesh.Name}/machine";
        foreach (var directory in new[] { "state/proxy", "cni-bin", "net.d", "bpf" })
        {
            Directory.CreateDirectory($"{root}/{directory}");
        }
        await Commands.RunAsync("mount", "-t", "bpf", "bpf", $"{root}/bpf");
        var set = await RenderedDaemonSet.CreateAsync(
            "capture=ebpf", $"stateDirectory={root}/state", $"cni.binaryDirectory={root}/cni-bin", $"cni.configurationDirectory={root}/net.d");
        return new ContainerNode(set, cluster, root);
    }

    public IReadOnlyList<string> Capabilities => _set.Capabilities("agent");

    /// <summary>Starts one container of a pod.</summary>
    /// <param name="without">A capability to leave out.</param>
    public RunContainer Start(string container, string podUid, string? without = null)
    {
        var fields = new Dictionary<string, string>
        {
            ["spec.nodeName"] = _cluster.Node.Name,
            ["status.hostIP"] = _cluster.Node.V4(1).ToString(),
            ["metadata.uid"] = podUid,
        };
        var bundle = _set.Bundle(container, $"/run/netns/{_cluster.Node.Netns}", fields, Place, Rootfs(), Environment(), without);
        var started = RunContainer.Start($"{_cluster.Node.Netns}-{container}-{podUid}{without}", $"{Root}/containers", bundle);
        _containers.Add(started);
        return started;
    }

    /// <summary>Runs the agent's startup probe in its container, and returns its exit code.</summary>
    public async Task<int> StartupProbeAsync(RunContainer agent, string podUid)
    {
        var command = _set.Container("agent")["startupProbe"]!["exec"]!["command"]!.AsArray().Select(word => word!.ToString());
        return await agent.ExecAsync($"POD_UID={podUid}", [.. command]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var container in Enumerable.Reverse(_containers))
        {
            await container.DisposeAsync();
        }
        await Commands.TryAsync("umount", "-l", $"{Root}/bpf");
    }

    private string Place(JsonNode volume)
    {
        if (volume["projected"] is not null)
        {
            return _cluster.WriteServiceAccount($"{Root}/serviceaccount");
        }
        var path = volume["hostPath"]!["path"]!.ToString();
        return path == "/sys/fs/bpf" ? $"{Root}/bpf" : path;
    }

    // In place of the image: this machine's libraries, the .NET runtime where the binaries need one, and the binaries.
    private static IEnumerable<(string From, string To)> Rootfs()
    {
        foreach (var directory in new[] { "/usr", "/lib", "/lib64", "/bin", "/sbin" }.Where(Directory.Exists))
        {
            yield return (directory, directory);
        }
        yield return (Products.Directory, "/usr/local/bin");
    }

    private Dictionary<string, string> Environment() => new(_cluster.Environment)
    {
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
    };
}
