using System.Net;
using System.Net.Sockets;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kit;

/// <summary>A pod: a network namespace of its own on a node's bridge, eth0 with an IPv4 and an IPv6 address.</summary>
public sealed class TestPod : IAsyncDisposable
{
    private readonly Netns _netns;
    private readonly List<ChildProcess> _processes = [];
    private TestClient? _client;

    private TestPod(TestNode node, string name, Netns netns, IPAddress v4, IPAddress v6)
    {
        Node = node;
        Name = name;
        _netns = netns;
        V4 = v4;
        V6 = v6;
    }

    public TestNode Node { get; }

    public string Name { get; }

    public string Netns => _netns.Name;

    public IPAddress V4 { get; }

    public IPAddress V6 { get; }

    /// <summary>The client process of the pod, started when first used.</summary>
    public TestClient Client => _client ??= new TestClient(_netns.Inside(Products.TestApp, "shell"));

    public static async Task<TestPod> CreateAsync(TestNode node, string name, int number)
    {
        var netns = await Kit.Netns.CreateAsync($"{node.Netns}-{name}");
        var v4 = node.V4(number);
        var v6 = node.V6(number);
        await Commands.IpAsync(
            node.Netns,
            $"link add v{number} type veth peer name eth0 netns {netns.Name}",
            $"link set v{number} master br0 up");
        await Commands.IpAsync(
            netns.Name,
            $"addr add {v4}/24 dev eth0",
            $"addr add {v6}/64 dev eth0 nodad",
            "link set eth0 up",
            $"route add default via {node.V4(1)}",
            $"route add default via {node.V6(1)}");
        return new TestPod(node, name, netns, v4, v6);
    }

    public IPAddress Address(AddressFamily family) => family == AddressFamily.InterNetwork ? V4 : V6;

    /// <summary>Starts the test servers, and waits until every port listens.</summary>
    public Task<ChildProcess> ServeAsync(params string[] options) =>
        StartAsync(line => line == "ready", [Products.TestApp, "serve", "--name", Name, .. options]);

    /// <summary>Starts any server; ready when it accepts on the port.</summary>
    public async Task<ChildProcess> StartAsync(int port, params string[] command)
    {
        var process = await StartAsync(null, command);
        await Eventually.TrueAsync($"{command[0]} listens on {port}", async () => (await ExecAsync("ss", "-Hltn", $"sport = :{port}")).Length > 0);
        return process;
    }

    public Task<CallResult> CallAsync(CallRequest request) => Client.CallAsync(request);

    public Task<CallResult> CallAsync(string kind, string target) => Client.CallAsync(kind, target);

    /// <summary>A client of its own with just these capabilities, as an unprivileged user of a container has.</summary>
    public TestClient UnprivilegedClient(params string[] capabilities)
    {
        var set = string.Concat(capabilities.Select(capability => $",+{capability}"));
        return new TestClient(_netns.Inside(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            $"--inh-caps=-all{set}", $"--ambient-caps=-all{set}", $"--bounding-set=-all{set}",
            Products.TestApp, "shell"));
    }

    /// <summary>Runs a command in the pod to its end; returns stdout.</summary>
    public Task<string> ExecAsync(params string[] command) => _netns.ExecAsync(command);

    public Task<CliWrap.Buffered.BufferedCommandResult> TryExecAsync(params string[] command) => Commands.TryAsync(_netns.Inside(command));

    public async Task StopAsync(ChildProcess process)
    {
        _processes.Remove(process);
        await process.DisposeAsync();
    }

    /// <summary>Ends everything that runs in the pod.</summary>
    public async Task StopAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
        _processes.Clear();
        if (_client is not null)
        {
            await _client.DisposeAsync();
            _client = null;
        }
    }

    /// <summary>A pod may die in its test; its node removes it again, which does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _netns.DisposeAsync();
    }

    private async Task<ChildProcess> StartAsync(Func<string, bool>? ready, string[] command)
    {
        var isReady = new TaskCompletionSource();
        var process = ChildProcess.Start(_netns.Inside(command), line =>
        {
            if (ready?.Invoke(line) == true)
            {
                isReady.TrySetResult();
            }
        });
        _processes.Add(process);
        if (ready is not null)
        {
            await isReady.Task.WaitAsync(TimeSpan.FromSeconds(30) * Eventually.Patience);
        }
        return process;
    }
}
