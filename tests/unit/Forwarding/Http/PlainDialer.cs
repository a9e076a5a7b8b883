using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>Dials with plain sockets, and notes for whom.</summary>
internal sealed class PlainDialer : IUpstreamDialer, IDisposable
{
    private readonly EventLoops _loops = new(2, NullLoggerFactory.Instance);
    private readonly List<(Direction Direction, IPAddress Client, IPEndPoint Endpoint)> _dials = [];

    public Func<IPEndPoint, bool> Local { get; set; } = _ => false;

    /// <summary>Nobody answers, as behind a firewall.</summary>
    public bool IsStuck { get; set; }

    public IReadOnlyList<(Direction Direction, IPAddress Client, IPEndPoint Endpoint)> Dials
    {
        get
        {
            lock (_dials)
            {
                return [.. _dials];
            }
        }
    }

    public async ValueTask<PodSocket> DialAsync(LocalPod pod, Direction direction, IPAddress client, IPEndPoint endpoint, CancellationToken cancellation)
    {
        lock (_dials)
        {
            _dials.Add((direction, client, endpoint));
        }
        if (IsStuck)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        var socket = await Task.Run(() => PlainSockets.Connect(endpoint, _loops.Next()), cancellation);
        PodSocket? connected = null;
        await OnLoopAsync(socket.Loop, _ =>
        {
            connected = new PodSocket(socket, pod, isAccepted: false);
            connected.Start();
        });
        return connected!;
    }

    /// <summary>Has something done on a loop.</summary>
    public Task OnLoopAsync(Action<EventLoop> action) => OnLoopAsync(_loops.Next(), action);

    public void Dispose() => _loops.Dispose();

    public bool IsLocal(IPEndPoint endpoint) => Local(endpoint);

    public static Task OnLoopAsync(EventLoop loop, Action<EventLoop> action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            try
            {
                action(loop);
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }
}
