using NodeMesh.NodeTests.Containerd.Cri;

namespace NodeMesh.NodeTests.Containerd;

/// <summary>A pod under containerd.</summary>
public sealed class RuntimePod(ContainerRuntime containerd, string name, string uid, string cgroupParent) : IAsyncDisposable
{
    private PodSandboxConfig Sandbox => new()
    {
        Metadata = new PodSandboxMetadata { Name = name, Uid = uid, Namespace = "default" },
        Hostname = name,
        LogDirectory = containerd.Logs,
        Linux = new LinuxPodSandboxConfig { CgroupParent = cgroupParent },
    };

    private string _sandbox = "";
    private string _container = "";

    public string Name => name;

    public string Address { get; private set; } = "";

    /// <summary>The sandbox: its network, by the chain of CNI plugins.</summary>
    public async Task CreateAsync()
    {
        _sandbox = (await containerd.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = Sandbox })).PodSandboxId;
        Address = (await containerd.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = _sandbox })).Status.Network.Ip;
    }

    public async Task StartAsync(string script)
    {
        var created = await containerd.Runtime.CreateContainerAsync(new CreateContainerRequest
        {
            PodSandboxId = _sandbox,
            SandboxConfig = Sandbox,
            Config = new ContainerConfig
            {
                Metadata = new ContainerMetadata { Name = "app" },
                Image = new ImageSpec { Image = BusyboxImage.Name },
                Command = { "/bin/busybox", "sh", "-c", script },
                LogPath = $"{name}.log",
                Linux = new LinuxContainerConfig(),
            },
        });
        _container = created.ContainerId;
        await containerd.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = _container });
    }

    /// <summary>What the container has printed; the runtime writes a time, the stream and a flag before each line.</summary>
    public async Task<string> LogAsync() =>
        string.Join('\n', (await File.ReadAllLinesAsync($"{containerd.Logs}/{name}.log")).Select(line => line.Split(' ', 4)[^1]));

    /// <summary>A command of busybox in the container, as a kubelet's exec probe.</summary>
    public async Task<(int ExitCode, string Output)> ExecAsync(params string[] command)
    {
        var result = await containerd.Runtime.ExecSyncAsync(new ExecSyncRequest { ContainerId = _container, Cmd = { "/bin/busybox", command }, Timeout = 10 });
        return (result.ExitCode, result.Stdout.ToStringUtf8() + result.Stderr.ToStringUtf8());
    }

    public async Task StopAsync() => await containerd.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = _sandbox });

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
            await containerd.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = _sandbox });
        }
        catch (Grpc.Core.RpcException)
        {
            // containerd has ended; its cgroups tell what is left.
        }
    }
}
