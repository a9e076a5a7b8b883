using System.Net;
using System.Net.Sockets;
using NodeMesh.Cli.Demo.Processes;

namespace NodeMesh.Cli.Demo.Mesh;

/// <summary>nodemesh-agent, as a person would start it by hand.</summary>
internal sealed class AgentProcess : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private AgentProcess(PodProcess process, AdminClient admin) => (Process, Admin) = (process, admin);

    public PodProcess Process { get; }

    public AdminClient Admin { get; }

    /// <summary>Starts the agent and waits until it answers.</summary>
    /// <exception cref="DemoException">It ended, with its own reason, or does not answer.</exception>
    public static async Task<AgentProcess> StartAsync(DemoOptions options, string resources, string state, Undo undo, CancellationToken cancellation)
    {
        var address = FreeAddress();
        var process = PodProcess.Start(
            "nodemesh-agent",
            undo,
            options.Agent,
            "run",
            "--resources", resources,
            "--state", state,
            "--admin", address.ToString(),
            "--proxy", options.Proxy,
            "--node", "demo",
            "--capture", options.Capture,
            // The demo ends its clients first, so that there is next to nothing to wait for.
            "--drain", "2");
        var agent = new AgentProcess(process, new AdminClient(address));
        await agent.WaitAsync("/healthz", "did not answer", cancellation);
        return agent;
    }

    /// <summary>Waits until every enrolled pod is captured and the proxy knows the resources.</summary>
    public Task WaitUntilReadyAsync(CancellationToken cancellation) => WaitAsync("/readyz", "was not ready (see /readyz and /pods)", cancellation);

    public void Dispose() => Admin.Dispose();

    private async Task WaitAsync(string path, string complaint, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await Admin.IsOkAsync(path, cancellation))
        {
            if (Process.Failure is { } failure)
            {
                throw new DemoException(failure);
            }
            if (TimeProvider.System.GetElapsedTime(started) > _patience)
            {
                throw new DemoException($"nodemesh-agent {complaint} on {Admin.Url}{path[1..]} within {_patience.TotalSeconds} s{Process.Said}");
            }
            await Task.Delay(50, cancellation);
        }
    }

    // Between here and the agent's bind another process may take it; then the agent says so.
    private static IPEndPoint FreeAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
