using System.Net.Sockets;
using Grpc.Net.Client;
using NodeMesh.NodeTests.Cni;
using NodeMesh.NodeTests.Containerd.Cri;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Containerd;

/// <summary>
/// Debian's containerd as the container runtime of a test's node, asked as a kubelet asks it. Everything it keeps is in the test's directory,
/// and its pods are in cgroups of the test's.
/// </summary>
public sealed class ContainerRuntime : IAsyncDisposable
{
    private readonly TestNode _node;
    private readonly List<RuntimePod> _pods = [];
    private readonly PodCgroups _cgroups;
    private GrpcChannel? _channel;
    private ChildProcess? _process;

    private ContainerRuntime(TestNode node)
    {
        _node = node;
        Root = $"{TestRun.Directory}/{node.Mesh.Name}/containerd";
        _cgroups = new PodCgroups($"{TestRun.Prefix}-{node.Mesh.Name}");
    }

    public string Root { get; }

    public string Binaries => $"{Root}/cni-bin";

    public string Configurations => $"{Root}/net.d";

    public string Logs => $"{Root}/logs";

    public RuntimeService.RuntimeServiceClient Runtime { get; private set; } = null!;

    private string Socket => $"{Root}/containerd.sock";

    public static async Task<ContainerRuntime> StartAsync(TestNode node)
    {
        var containerd = new ContainerRuntime(node);
        try
        {
            await containerd.StartAsync();
            return containerd;
        }
        catch
        {
            await containerd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Until pods are started by the configuration that holds this.</summary>
    public Task UsesAsync(string plugin) => Eventually.TrueAsync($"containerd has loaded {plugin}", async () =>
        (await Runtime.StatusAsync(new StatusRequest { Verbose = true })).Info.TryGetValue("cniconfig", out var loaded) && loaded.Contains(plugin, StringComparison.Ordinal));

    /// <summary>A pod of one container, started as the kubelet starts it.</summary>
    /// <param name="script">What its shell does.</param>
    public async Task<RuntimePod> RunAsync(string name, string uid, string script)
    {
        try
        {
            var pod = new RuntimePod(this, name, uid, _cgroups.Parent(uid));
            await pod.CreateAsync();
            _pods.Add(pod);
            await pod.StartAsync(script);
            return pod;
        }
        catch (Grpc.Core.RpcException e)
        {
            throw new InvalidOperationException($"{e.Status.Detail}\n{_process!.Tail()}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pod in _pods)
        {
            await pod.DisposeAsync();
        }
        _channel?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        await _cgroups.RemoveAsync();
    }

    private async Task StartAsync()
    {
        foreach (var directory in new[] { Binaries, Configurations, Logs })
        {
            Directory.CreateDirectory(directory);
        }
        foreach (var plugin in new[] { "bridge", "host-local", "loopback" })
        {
            File.Copy($"/usr/lib/cni/{plugin}", $"{Binaries}/{plugin}");
        }
        await File.WriteAllTextAsync($"{Configurations}/10-pods.conflist", CniPod.Chain(_node));
        await File.WriteAllTextAsync($"{Root}/config.toml", $"""
            version = 2
            root = "{Root}/root"
            state = "{Root}/state"
            [grpc]
              address = "{Socket}"
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "{BusyboxImage.Name}"
              netns_mounts_under_state_dir = true
              disable_apparmor = true
              restrict_oom_score_adj = true # a lower score than its own takes a capability that root may lack
            [plugins."io.containerd.grpc.v1.cri".cni]
              bin_dir = "{Binaries}"
              conf_dir = "{Configurations}"
            [plugins."io.containerd.internal.v1.opt"]
              path = "{Root}/opt"
            """);
        _process = ChildProcess.Start(_node.Inside("containerd", "--config", $"{Root}/config.toml"));
        _channel = GrpcChannel.ForAddress("http://containerd", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
        });
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        await Eventually.TrueAsync("containerd answers", IsReadyAsync, TimeSpan.FromSeconds(20));
        await BusyboxImage.WriteAsync($"{Root}/busybox.tar");
        await Commands.RunAsync("ctr", "--address", Socket, "--namespace", "k8s.io", "images", "import", $"{Root}/busybox.tar");
    }

    private async Task<bool> IsReadyAsync()
    {
        Assert.False(_process!.HasExited, _process.Tail());
        try
        {
            return (await Runtime.StatusAsync(new StatusRequest())).Status.Conditions.All(condition => condition.Status);
        }
        catch (Grpc.Core.RpcException)
        {
            return false;
        }
    }
}
