namespace NodeMesh.Cli.Demo.Network;

/// <summary>
/// The pods' network, as a CNI plugin would make it, but for one thing: the bridge that joins the pods lives in a namespace
/// of its own instead of the host's, so that the demo touches nothing of the machine it runs on, and two demos never meet.
/// </summary>
internal sealed class DemoNetwork(string prefix, Undo undo)
{
    private const string HostsDirectory = "/etc/netns";

    private readonly string _node = $"{prefix}-node";

    /// <summary>Makes the namespace that plays the node: the pods' gateway, which knows no way to any cluster IP.</summary>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        undo.Push(HostsDirectory, RemoveHostsDirectory);
        await AddNamespaceAsync(_node, cancellation);
        // Without an address of its own a bridge takes one of its ports', and changes it when that pod goes.
        await IpCommand.RunAsync($"-n {_node} -batch -", cancellation, $"""
            link set lo up
            link add pods address 02:00:00:00:00:01 type bridge
            address add {DemoCast.Gateway}/24 dev pods
            link set pods up
            route add unreachable {DemoCast.ClusterNetwork}
            """);
        // A node forwards. Here it makes an unmeshed dial of a cluster IP fail at once, by an ICMP answer each, instead of in silence.
        await IpCommand.RunAsync($"netns exec {_node} sh -c \"echo 1 >/proc/sys/net/ipv4/ip_forward && echo 0 >/proc/sys/net/ipv4/icmp_ratelimit\"", cancellation);
    }

    /// <summary>Makes a pod's namespace with its eth0, and the names it knows in its own /etc/hosts (see ip-netns(8)).</summary>
    public async Task AddAsync(DemoPod pod, string hosts, CancellationToken cancellation)
    {
        await AddNamespaceAsync(pod.Netns, cancellation);
        var directory = Path.Combine(HostsDirectory, pod.Netns);
        undo.Push(directory, () => DeleteDirectory(directory));
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "hosts"), hosts, cancellation);

        var veth = $"veth-{pod.Name}";
        await IpCommand.RunAsync($"-n {_node} -batch -", cancellation, $"""
            link add {veth} type veth peer name eth0 netns {pod.Netns}
            link set {veth} master pods up
            """);
        await IpCommand.RunAsync($"-n {pod.Netns} -batch -", cancellation, $"""
            link set lo up
            address add {pod.Address}/24 dev eth0
            link set eth0 up
            route add default via {DemoCast.Gateway}
            """);
    }

    private async Task AddNamespaceAsync(string name, CancellationToken cancellation)
    {
        undo.Push($"network namespace {name}", async () =>
        {
            if (File.Exists($"/run/netns/{name}"))
            {
                await IpCommand.RunAsync($"netns delete {name}", CancellationToken.None);
            }
        });
        await IpCommand.RunAsync($"netns add {name}", cancellation);
    }

    private static Task DeleteDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
        return Task.CompletedTask;
    }

    // Only if nobody else has anything in it.
    private static Task RemoveHostsDirectory()
    {
        if (Directory.Exists(HostsDirectory) && !Directory.EnumerateFileSystemEntries(HostsDirectory).Any())
        {
            Directory.Delete(HostsDirectory);
        }
        return Task.CompletedTask;
    }
}
