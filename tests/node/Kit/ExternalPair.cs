using NodeMesh.NodeTests.Kernel;

namespace NodeMesh.NodeTests.Kit;

/// <summary>An agent, and a proxy that it did not start: as the two containers of a DaemonSet's pod. Two pairs on one node are an upgrade.</summary>
public sealed class ExternalPair : IAsyncDisposable
{
    private readonly TestNode _node;
    private readonly string _instance;

    private ExternalPair(TestNode node, string instance, ChildProcess agent, ChildProcess proxy) =>
        (_node, _instance, Agent, Proxy) = (node, instance, agent, proxy);

    public ChildProcess Agent { get; }

    public ChildProcess Proxy { get; private set; }

    public static ExternalPair Start(TestNode node, string instance)
    {
        Directory.CreateDirectory(node.Agent.State);
        var agent = ChildProcess.Start(node.Inside(
            Products.Agent, "run", "--resources", node.Mesh.Resources.Path, "--capture", node.Mesh.Capture, "--state", node.Agent.State,
            "--node", node.Name, "--proxy", "external", "--instance", instance, "--take-over", "--keep-on-stop"));
        return new ExternalPair(node, instance, agent, StartProxy(node, instance));
    }

    /// <summary>As the kubelet does when a container has ended.</summary>
    public void RestartProxy() => Proxy = StartProxy(_node, _instance);

    public Task ReadyAsync() => _node.Agent.ReadyAsync(Agent);

    /// <summary>As the kubelet deletes a pod: SIGTERM to both.</summary>
    public async Task DeleteAsync()
    {
        Agent.Signal(Libc.SIGTERM);
        Proxy.Signal(Libc.SIGTERM);
        Assert.Equal(0, await Agent.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        await Proxy.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Proxy.DisposeAsync();
    }

    private static ChildProcess StartProxy(TestNode node, string instance) => ChildProcess.Start(node.Inside(
        "setpriv", "--reuid=15020", "--regid=15020", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
        Products.Proxy, "--run-dir", $"{node.Agent.State}/proxy", "--instance", instance));
}
