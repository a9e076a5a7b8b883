using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Capture.Iptables;
using NodeMesh.Contract;
using DialSockets = NodeMesh.Agent.Capture.DialSockets;

namespace NodeMesh.NodeTests.Capture;

/// <summary>A pod captured by iptables, with the test in the place of the proxy.</summary>
internal sealed class IptablesScene : IAsyncDisposable
{
    private readonly PodRouting _routing;

    private IptablesScene(LinkedPods pods, string suffix)
    {
        Pods = pods;
        _routing = new PodRouting(pods.StateDirectory);
        Listeners = PodListeners.Open(pods.Pod);
        Outbound = new Socket(Listeners.Outbound);
        Inbound = new Socket(Listeners.Inbound);
        Capture = new IptablesCapture(pods.StateDirectory, NullLogger.Instance, backend: new IptablesBackend(suffix, HasRecent: true));
    }

    public LinkedPods Pods { get; }

    public PodListeners Listeners { get; private set; }

    public Socket Outbound { get; private set; }

    public Socket Inbound { get; private set; }

    public IptablesCapture Capture { get; private set; }

    /// <summary>Not captured yet.</summary>
    public static async Task<IptablesScene> PrepareAsync(PodCaptureOptions? options = null, string suffix = "") =>
        new(await LinkedPods.CreateAsync(options), suffix);

    public static async Task<IptablesScene> CreateAsync(PodCaptureOptions? options = null, string suffix = "")
    {
        var scene = await PrepareAsync(options, suffix);
        try
        {
            scene.Enrol();
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    public void Enrol()
    {
        Capture.Open();
        _routing.Apply(Pods.Pod);
        Capture.Add(Pods.Pod, Listeners);
    }

    public void Withdraw()
    {
        Capture.Remove(Pods.Pod);
        Capture.Release(Pods.Pod);
        _routing.Restore(Pods.Pod);
    }

    /// <summary>Another agent with listeners of its own takes over.</summary>
    public void Succeed(string suffix = "")
    {
        var old = Listeners;
        Listeners = PodListeners.Open(Pods.Pod);
        Outbound = new Socket(Listeners.Outbound);
        Inbound = new Socket(Listeners.Inbound);
        Capture.Dispose();
        Capture = new IptablesCapture(Pods.StateDirectory, NullLogger.Instance, backend: new IptablesBackend(suffix, HasRecent: true));
        Enrol();
        old.Dispose();
    }

    /// <summary>Lets the agent's last heartbeat be too old at once.</summary>
    public async Task StopHeartAsync()
    {
        await Pods.InPodAsync($"sh -c 'echo / > /proc/net/xt_recent/{IptablesRules.HeartbeatV4}'");
        await Pods.InPodAsync($"sh -c 'echo / > /proc/net/xt_recent/{IptablesRules.HeartbeatV6}'");
    }

    public Socket Dial(SocketKind kind) => new(DialSockets.Make(Pods.Pod, kind, 1, Capture.Own)[0]);

    public async ValueTask DisposeAsync()
    {
        Listeners.Dispose();
        await Pods.DisposeAsync();
    }

    /// <summary>"hello" there and "world" back.</summary>
    public static async Task AssertTalkAsync(Socket one, Socket other, CancellationToken cancellation)
    {
        foreach (var (from, to, word) in new[] { (one, other, "hello"u8.ToArray()), (other, one, "world"u8.ToArray()) })
        {
            var buffer = new byte[16];
            await from.SendAsync(word, cancellation);
            Xunit.Assert.Equal(word, buffer[..await to.ReceiveAsync(buffer, cancellation)]);
        }
    }

    public static IPEndPoint Mapped(EndPoint? endpoint) =>
        new(((IPEndPoint)endpoint!).Address.MapToIPv6(), ((IPEndPoint)endpoint).Port);
}
