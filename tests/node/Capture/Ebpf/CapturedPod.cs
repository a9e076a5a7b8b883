using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Capture.Ebpf;
using NodeMesh.Agent.Kernel;
using NodeMesh.Contract;
using Xunit;
using DialSockets = NodeMesh.Agent.Capture.DialSockets;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>The pod of <see cref="LinkedPods"/>, captured by eBPF; the test plays the proxy and accepts on its listeners.</summary>
internal sealed class CapturedPod : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly EbpfCaptureOptions _options;
    private readonly List<IDisposable> _owned = [];

    private CapturedPod(LinkedPods pods, EbpfCaptureOptions options)
    {
        Pods = pods;
        _options = options;
        Capture = NewCapture();
    }

    /// <summary>An address that only the client has; the pod's default route leads there.</summary>
    public static IPAddress FarV4 { get; } = IPAddress.Parse("192.0.2.10");

    public static IPAddress FarV6 { get; } = IPAddress.Parse("2001:db8::10");

    public LinkedPods Pods { get; }

    public PodSandbox Pod => Pods.Pod;

    public EbpfCapture Capture { get; private set; }

    public PodListeners Listeners { get; private set; } = null!;

    public Socket Outbound { get; private set; } = null!;

    public Socket Inbound { get; private set; } = null!;

    /// <param name="beatLimit">Long, so that nobody has to beat while a test is about something else.</param>
    public static async Task<CapturedPod> CreateAsync(PodCaptureOptions? options = null, TimeSpan? beatLimit = null, bool add = true)
    {
        var pods = await LinkedPods.CreateAsync(options);
        var captured = new CapturedPod(pods, new EbpfCaptureOptions { ProxyBeatLimit = beatLimit ?? TimeSpan.FromMinutes(5) });
        try
        {
            captured.OpenListeners();
            new PodRouting(pods.StateDirectory).Apply(pods.Pod);
            captured.Capture.Open();
            if (add)
            {
                captured.Add();
            }
            return captured;
        }
        catch
        {
            await captured.DisposeAsync();
            throw;
        }
    }

    public void Add() => Capture.Add(Pod, Listeners);

    /// <summary>Two new listening sockets; the old ones are closed only with this object.</summary>
    public void OpenListeners()
    {
        Listeners = PodListeners.Open(Pod);
        Outbound = Own(new Socket(Listeners.Outbound));
        Inbound = Own(new Socket(Listeners.Inbound));
    }

    /// <summary>The agent dies without a word, and another one starts.</summary>
    public void ReplaceAgent()
    {
        Capture.Dispose();
        Capture = NewCapture();
        Capture.Open();
    }

    public Socket FarListener(AddressFamily family = AddressFamily.InterNetwork, int port = 0) => Own(LinkedPods.Listen(Pods.Client, family, port));

    public Socket AppListener(AddressFamily family = AddressFamily.InterNetwork, int port = 0) => Own(LinkedPods.Listen(Pod.Netns, family, port));

    public Socket AppSocket(AddressFamily family = AddressFamily.InterNetwork) => Own(Pods.PodSocket(family));

    public Socket ClientSocket(AddressFamily family = AddressFamily.InterNetwork) => Own(Pods.ClientSocket(family));

    public Socket DialSocket(SocketKind kind) => Own(new Socket(DialSockets.Make(Pod, kind, 1, Capture.Own)[0]));

    public async Task<Socket> AcceptAsync(Socket listener)
    {
        using var limit = new CancellationTokenSource(Patience);
        return Own(await listener.AcceptAsync(limit.Token));
    }

    public static async Task ConnectAsync(Socket socket, IPAddress address, int port)
    {
        using var limit = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new IPEndPoint(address, port), limit.Token);
    }

    /// <summary>A connection whose end the test does not wait for.</summary>
    public static Task BeginConnect(Socket socket, IPAddress address, int port) => socket.ConnectAsync(new IPEndPoint(address, port));

    public static Task Pause(int milliseconds) => Task.Delay(milliseconds);

    /// <summary>Asserts that the connection ends on this listener, with these two ends, and carries bytes both ways.</summary>
    public async Task AssertReachesAsync(Socket from, IPAddress address, int port, Socket listener)
    {
        await ConnectAsync(from, address, port);
        var accepted = await AcceptAsync(listener);
        Assert.Equal((address, port), Plain(accepted.LocalEndPoint));
        Assert.Equal(Plain(from.LocalEndPoint), Plain(accepted.RemoteEndPoint));
        Assert.Equal((address, port), Plain(from.RemoteEndPoint));
        await AssertTalkAsync(from, accepted);
    }

    public static async Task AssertTalkAsync(Socket one, Socket other)
    {
        foreach (var (sender, receiver) in new[] { (one, other), (other, one) })
        {
            using var limit = new CancellationTokenSource(Patience);
            var buffer = new byte[4];
            await sender.SendAsync("ping"u8.ToArray(), limit.Token);
            Assert.Equal(4, await receiver.ReceiveAsync(buffer, limit.Token));
            Assert.Equal("ping"u8.ToArray(), buffer);
        }
    }

    public static async Task AssertRefusedAsync(Socket socket, IPAddress address, int port)
    {
        var refused = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(socket, address, port));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    /// <summary>Nothing waits to be accepted, neither now nor a moment later.</summary>
    public static async Task AssertNobodyCameAsync(Socket listener)
    {
        await Task.Delay(200);
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    public T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    public static (IPAddress Address, int Port) Plain(EndPoint? endPoint)
    {
        var ip = (IPEndPoint)endPoint!;
        return (ip.Address.IsIPv4MappedToIPv6 ? ip.Address.MapToIPv4() : ip.Address, ip.Port);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            Capture.Close();
        }
        catch (InvalidOperationException)
        {
            // Closed by the test, or never opened.
        }
        foreach (var disposable in _owned)
        {
            disposable.Dispose();
        }
        Listeners?.Dispose();
        await Pods.DisposeAsync();
    }

    private EbpfCapture NewCapture() => new(new PinDirectory(Path.Combine(Pods.StateDirectory, "bpf")), _options, NullLogger.Instance);
}
