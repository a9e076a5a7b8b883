using System.Net;
using System.Net.Sockets;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.NodeTests.Capture;

/// <summary>
/// Two namespaces on one wire: a client (10.83.0.1, fd83::1) and a pod (10.83.0.2, fd83::2) whose default route is the client,
/// so that anything the pod dials and nobody steers arrives there. Gone with everything in them on disposal.
/// </summary>
internal sealed class LinkedPods : IAsyncDisposable
{
    private static int _count;

    private readonly string _clientName;
    private readonly string _podName;

    private LinkedPods(string name)
    {
        _clientName = $"{name}-client";
        _podName = $"{name}-pod";
        StateDirectory = Path.Combine(Path.GetTempPath(), name);
    }

    public static IPAddress ClientV4 { get; } = IPAddress.Parse("10.83.0.1");

    public static IPAddress ClientV6 { get; } = IPAddress.Parse("fd83::1");

    public static IPAddress PodV4 { get; } = IPAddress.Parse("10.83.0.2");

    public static IPAddress PodV6 { get; } = IPAddress.Parse("fd83::2");

    public string StateDirectory { get; }

    public string PodName => _podName;

    public PodSandbox Pod { get; private set; } = null!;

    public SafeFileHandle Client { get; private set; } = null!;

    public static async Task<LinkedPods> CreateAsync(PodCaptureOptions? options = null)
    {
        var pods = new LinkedPods($"nmnet-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        try
        {
            await pods.BuildAsync(options ?? PodCaptureOptions.Default);
            return pods;
        }
        catch
        {
            await pods.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command line in the pod's namespace and gives its output.</summary>
    public Task<string> InPodAsync(string command) => RunAsync($"ip netns exec {_podName} {command}");

    /// <summary>Everything capture changes in a pod, as the tools print it.</summary>
    public async Task<string> DumpAsync()
    {
        string[] commands =
        [
            "ip -d rule", "ip -6 -d rule", "ip route show table all", "ip -6 route show table all",
            "iptables-save", "ip6tables-save", "iptables-legacy-save", "ip6tables-legacy-save",
            "sh -c 'sysctl -a 2>/dev/null | grep -E \"^net\\.(ipv4|ipv6|netfilter)\" | grep -v -E \"stat|count|_max|buckets|random\"'",
        ];
        return string.Join('\n', await Task.WhenAll(commands.Select(async command => $"# {command}\n{Uncounted(await InPodAsync(command))}")));
    }

    /// <summary>A socket made in the pod's namespace.</summary>
    public Socket PodSocket(AddressFamily family = AddressFamily.InterNetwork) => NewSocket(Pod.Netns, family);

    /// <summary>A socket made in the client's namespace.</summary>
    public Socket ClientSocket(AddressFamily family = AddressFamily.InterNetwork) => NewSocket(Client, family);

    /// <summary>A listener in the given namespace on every address of a family.</summary>
    public static Socket Listen(SafeFileHandle netns, AddressFamily family = AddressFamily.InterNetwork, int port = 0)
    {
        var listener = NewSocket(netns, family);
        listener.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port));
        listener.Listen(512);
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        Pod?.Netns.Dispose();
        Client?.Dispose();
        foreach (var name in new[] { _clientName, _podName })
        {
            await Cli.Wrap("ip").WithArguments(["netns", "del", name]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        }
        if (Directory.Exists(StateDirectory))
        {
            Directory.Delete(StateDirectory, recursive: true);
        }
    }

    private async Task BuildAsync(PodCaptureOptions options)
    {
        await RunAsync($"ip netns add {_clientName}");
        await RunAsync($"ip netns add {_podName}");
        await RunAsync($"ip -n {_clientName} link add eth0 type veth peer name eth0 netns {_podName}");
        foreach (var (name, host) in new[] { (_clientName, 1), (_podName, 2) })
        {
            // No link-local address, which would appear in the dumps some time later.
            await RunAsync($"ip -n {name} link set eth0 addrgenmode none");
            await RunAsync($"ip -n {name} addr add 10.83.0.{host}/24 dev eth0");
            await RunAsync($"ip -n {name} addr add fd83::{host}/64 dev eth0 nodad");
            await RunAsync($"ip -n {name} link set lo up");
            await RunAsync($"ip -n {name} link set eth0 up");
        }
        // The kernel adds this route some time after the link is up; later it would be a change in the dumps.
        await RunAsync($"for i in $(seq 100); do ip -n {_podName} -6 route show table all | grep -q '^multicast ff00::/8' && exit 0; sleep 0.02; done; exit 1");
        await RunAsync($"ip -n {_podName} route add default via 10.83.0.1");
        await RunAsync($"ip -n {_podName} -6 route add default via fd83::1");
        // Any other address the pod dials arrives at the client and is its own there.
        await RunAsync($"ip -n {_clientName} addr add 192.0.2.10/32 dev lo");
        await RunAsync($"ip -n {_clientName} addr add 2001:db8::10/128 dev lo");
        Client = Netns.Open(_clientName);
        var netns = Netns.Open(_podName);
        Pod = new PodSandbox("test/pod", netns, Netns.Cookie(netns), Netns.Addresses(netns), options);
    }

    private static Socket NewSocket(SafeFileHandle netns, AddressFamily family) =>
        Netns.Run(netns, () => new Socket(family, SocketType.Stream, ProtocolType.Tcp));

    private static async Task<string> RunAsync(string command)
    {
        var result = await Cli.Wrap("sh").WithArguments(["-c", command]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        return result.ExitCode == 0
            ? result.StandardOutput
            : throw new InvalidOperationException($"{command}: exit code {result.ExitCode}: {result.StandardError}");
    }

    // Comments of iptables-save carry the time, and its chains counters.
    private static string Uncounted(string dump) => string.Join('\n', dump.Split('\n')
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.StartsWith(':') ? line[..line.IndexOf('[', StringComparison.Ordinal)] : line)
        .Order());
}
