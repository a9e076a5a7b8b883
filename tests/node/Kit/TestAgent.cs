using System.Net;
using System.Net.Sockets;
using NodeMesh.NodeTests.Kernel;

namespace NodeMesh.NodeTests.Kit;

/// <summary>The agent of a node, as `nodemesh-agent run` in the node's namespace; what its admin port says.</summary>
public sealed class TestAgent : IAsyncDisposable
{
    private static readonly IPEndPoint Admin = new(IPAddress.Loopback, 15020);

    private readonly TestNode _node;
    private readonly HttpClient _http;
    private ChildProcess? _process;
    private bool _isOwned = true;

    public TestAgent(TestNode node)
    {
        _node = node;
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = NetnsSocket.Create(node.Netns);
                await socket.ConnectAsync(Admin, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri($"http://{Admin}"), Timeout = TimeSpan.FromSeconds(10) };
    }

    public string State => $"{TestRun.Directory}/{_node.Mesh.Name}/{_node.Name}";

    public string CniSocket => $"{State}/cni.sock";

    public ChildProcess Process => _process ?? throw new InvalidOperationException($"no agent was started on node {_node.Name}");

    /// <summary>Starts it, and waits until it is ready: every enrolled pod captured, the proxy on the current snapshot.</summary>
    public async Task StartAsync(params string[] options)
    {
        Launch(options);
        await ReadyAsync();
    }

    /// <summary>Starts it, and does not wait.</summary>
    public void Launch(params string[] options)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(State)!);
        _process = ChildProcess.Start(_node.Inside(
        [
            Products.Agent, "run", .. _node.Mesh.Source, "--capture", _node.Mesh.Capture, .. options.Contains("--admin") ? [] : new[] { "--admin", Admin.ToString() },
            "--state", State, "--proxy", Products.Proxy, "--node", _node.Name, .. options,
        ]));
    }

    public Task ReadyAsync() => ReadyAsync(Process);

    /// <summary>Of an agent that the test has started by itself.</summary>
    public async Task ReadyAsync(ChildProcess process)
    {
        if (process != _process)
        {
            (_process, _isOwned) = (process, false);
        }
        try
        {
            await Eventually.EqualAsync("the agent is ready", "OK", () => StatusAsync(process), TimeSpan.FromSeconds(30));
        }
        catch (Xunit.Sdk.XunitException failure)
        {
            throw new InvalidOperationException($"{failure.Message}\nthe agent's last lines:\n{process.Tail()}");
        }
    }

    /// <summary>Waits until the agent says that the kernel steers (or no longer steers) the pod's connections.</summary>
    public Task CapturedAsync(TestPod pod, bool captured = true) => Eventually.EqualAsync(
        $"{pod.Name} captured: {captured}",
        captured ? 1 : 0,
        async () => (await ScrapeAsync()).Sum("nodemesh_pod_captured", ("namespace", "default"), ("pod", pod.Name)));

    /// <summary>Waits until the configuration says this, in the words of /config, and the proxy has it.</summary>
    public Task AppliesAsync(string words) => Eventually.TrueAsync($"the proxy has a configuration that says {words}", async () =>
    {
        var config = await GetAsync("/config");
        using var json = System.Text.Json.JsonDocument.Parse(config);
        return config.Contains(words, StringComparison.Ordinal)
            && json.RootElement.GetProperty("version").GetRawText() == json.RootElement.GetProperty("proxyVersion").GetRawText();
    });

    /// <summary>SIGTERM: everything is un-enrolled. Returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        Process.Signal(Libc.SIGTERM);
        return await Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>SIGKILL: whatever it put into the kernel stays.</summary>
    public Task KillAsync() => Process.KillAsync();

    public void Signal(int signal) => Process.Signal(signal);

    /// <summary>The pids of the running proxies of this agent; more than one during an upgrade.</summary>
    public async Task<IReadOnlyList<int>> ProxiesAsync()
    {
        var pids = await Commands.TryAsync("ip", "netns", "pids", _node.Netns);
        return [.. pids.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Where(IsProxy)];

        static bool IsProxy(int pid)
        {
            try
            {
                return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0')[0].EndsWith("nodemesh-proxy", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    public Task<string> GetAsync(string path) => _http.GetStringAsync(new Uri(path, UriKind.Relative));

    public async Task<Scrape> ScrapeAsync() => Scrape.Parse(await GetAsync("/metrics"));

    public async ValueTask DisposeAsync()
    {
        if (_isOwned && _process is { HasExited: false })
        {
            await StopAsync();
        }
        if (_isOwned && _process is not null)
        {
            await _process.DisposeAsync();
        }
        _http.Dispose();
    }

    private async Task<string> StatusAsync(ChildProcess process)
    {
        if (process.HasExited)
        {
            throw new InvalidOperationException($"the agent ended with {process.ExitCode}:\n{process.Tail()}");
        }
        try
        {
            using var response = await _http.GetAsync(new Uri("/readyz", UriKind.Relative));
            return response.IsSuccessStatusCode ? "OK" : await response.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException error)
        {
            return error.Message;
        }
    }
}
