namespace NodeMesh.Bench.Machines;

/// <summary>
/// Two machines, each a namespace with a bridge, and the pods on them. Those of the peers are never captured, so that every
/// system runs at the same time and can be measured in turns.
/// </summary>
internal sealed class Topology : IAsyncDisposable
{
    /// <summary>Of every namespace made here, so that what a killed run has left is found.</summary>
    private const string Prefix = "nmb-";

    public static readonly Machine First = new(Prefix + "machine1", "10.77.1.1", "10.77.0.1");
    public static readonly Machine Second = new(Prefix + "machine2", "10.77.2.1", "10.77.0.2");

    public const string RelayAddress = "10.77.1.2";
    public const string HaproxyAddress = "10.77.1.3";
    public const string NginxAddress = "10.77.1.4";

    public static readonly Pod Client = new(Prefix + "client", "10.77.1.11", First);
    public static readonly Pod Server = new(Prefix + "server", "10.77.1.12", First);
    public static readonly Pod CapturedClient = new(Prefix + "cclient", "10.77.1.21", First);
    public static readonly Pod CapturedServer = new(Prefix + "cserver", "10.77.1.22", First);
    public static readonly Pod FarServer = new(Prefix + "fserver", "10.77.2.22", Second);

    private static readonly Machine[] Machines = [First, Second];
    private static readonly Pod[] Pods = [Client, Server, CapturedClient, CapturedServer, FarServer];

    // Short connections by the ten thousands between two addresses; nothing else of the namespaces is tuned.
    private const string Sysctls =
        "echo '1024 65000' > /proc/sys/net/ipv4/ip_local_port_range; echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse; echo 16384 > /proc/sys/net/core/somaxconn; echo 1 > /proc/sys/net/ipv4/ip_forward";

    public static async Task<Topology> CreateAsync(CancellationToken cancelled)
    {
        var topology = new Topology();
        try
        {
            foreach (var machine in Machines)
            {
                cancelled.ThrowIfCancellationRequested();
                await AddAsync(machine);
            }
            await Shell.FeedAsync(
                $"link add uplink type veth peer name uplink netns {Second.Namespace}\n", "ip", "-n", First.Namespace, "-batch", "-");
            await Shell.FeedAsync(
                string.Concat(new[] { RelayAddress, HaproxyAddress, NginxAddress }.Select(a => $"address add {a}/24 dev br0\n")),
                "ip", "-n", First.Namespace, "-batch", "-");
            await ConnectAsync(First, Second);
            await ConnectAsync(Second, First);
            foreach (var pod in Pods)
            {
                cancelled.ThrowIfCancellationRequested();
                await AddAsync(pod);
            }
            return topology;
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    public static async Task RemoveAllAsync()
    {
        foreach (var line in (await Shell.RunAsync("ip", "netns", "list")).Split('\n'))
        {
            var name = line.Split(' ')[0];
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                await Shell.RunAsync("ip", "netns", "del", name);
            }
        }
    }

    public async ValueTask DisposeAsync() => await RemoveAllAsync();

    private static async Task AddAsync(Machine machine)
    {
        await AddNamespaceAsync(machine.Namespace);
        await Shell.FeedAsync(
            $"""
            link set lo up
            link add br0 address 02:00:00:00:00:01 type bridge
            address add {machine.BridgeAddress}/24 dev br0
            link set br0 up

            """, "ip", "-n", machine.Namespace, "-batch", "-");
    }

    private static async Task ConnectAsync(Machine from, Machine to) =>
        await Shell.FeedAsync(
            $"""
            address add {from.UplinkAddress}/24 dev uplink
            link set uplink up
            route add {to.Subnet} via {to.UplinkAddress}

            """, "ip", "-n", from.Namespace, "-batch", "-");

    private static async Task AddAsync(Pod pod)
    {
        await AddNamespaceAsync(pod.Namespace);
        var veth = "v-" + pod.Namespace[Prefix.Length..];
        await Shell.FeedAsync(
            $"""
            link add {veth} type veth peer name eth0 netns {pod.Namespace}
            link set {veth} master br0 up

            """, "ip", "-n", pod.Machine.Namespace, "-batch", "-");
        await Shell.FeedAsync(
            $"""
            link set lo up
            address add {pod.Address}/24 dev eth0
            link set eth0 up
            route add default via {pod.Machine.BridgeAddress}

            """, "ip", "-n", pod.Namespace, "-batch", "-");
    }

    private static async Task AddNamespaceAsync(string name)
    {
        await Shell.RunAsync("ip", "netns", "add", name);
        await Shell.RunAsync("nsenter", $"--net=/run/netns/{name}", "sh", "-c", Sysctls);
    }
}
