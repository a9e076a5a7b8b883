using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;
using Prometheus;

namespace NodeMesh.Proxy.Accepting;

/// <summary>
/// Accepts what the kernel steers to one listening socket of a pod. It never gives up because of a single connection, or
/// because descriptors run out: connections then wait in the backlog.
/// </summary>
internal sealed partial class PodListener : ILoopEvents
{
    // So that a flood at one pod leaves turns for the others.
    private const int AcceptsPerTurn = 32;
    private const int BackOffMilliseconds = 100;

    private readonly AcceptContext _context;
    private readonly LoopSocket _listener;
    private readonly LocalPod _pod;
    private readonly Direction _direction;
    private readonly LoopTimer _backOff;
    private readonly Counter.Child _refused;
    private readonly int _port;
    private bool _stopped;

    /// <param name="descriptor">The listening socket; this owns it.</param>
    public PodListener(AcceptContext context, LocalPod pod, Direction direction, int descriptor)
    {
        (_context, _pod, _direction) = (context, pod, direction);
        _listener = new LoopSocket(context.Loops.Next(), descriptor);
        _backOff = new LoopTimer(Watch);
        _refused = context.Metrics.ConnectionsRefused(pod.Id);
        _port = InetAddress.Local(descriptor)?.Port ?? 0;

        // Accepted sockets inherit these. The handshake is not the app's, so neither are its wishes; a relay adds no delay.
        LibC.Set(descriptor, LibC.IpProtoTcp, LibC.TcpNoDelay, 1);
        LibC.SetNonBlocking(descriptor);
    }

    private EventLoop Loop => _listener.Loop;

    public void Start() => Loop.Post(Watch);

    /// <summary>Stops accepting and lets go of the socket; connections still in its backlog are for whoever else holds it.</summary>
    public void Stop() => Loop.Post(() =>
    {
        _stopped = true;
        _backOff.Stop();

        // The agent holds the same socket, so closing the descriptor would leave it in the epoll set, ready for ever.
        _listener.Unwatch();
        _listener.Close();
    });

    public void OnFault(Exception exception)
    {
        // Logged by the loop. One connection failed; the next is no worse for it.
    }

    public unsafe void OnReady(LoopSocket socket)
    {
        var address = stackalloc byte[InetAddress.MaxLength];
        for (var accepts = 0; accepts < AcceptsPerTurn && !_stopped; accepts++)
        {
            var length = InetAddress.MaxLength;
            var accepted = LibC.accept4(_listener.Descriptor, address, &length, LibC.SockNonBlock | LibC.SockCloseOnExec);
            if (accepted >= 0)
            {
                Take(accepted, InetAddress.Read(new ReadOnlySpan<byte>(address, Math.Min(length, InetAddress.MaxLength))));
                continue;
            }
            switch (LibC.LastError)
            {
                case Errno.Again:
                    return;
                case Errno.TooManyFiles or Errno.FileTableFull or Errno.NoBuffers or Errno.NoMemory:
                    LogExhausted(_context.Logger, _pod.Id, LibC.LastError);
                    _listener.Unwatch();
                    Loop.StartTimer(_backOff, BackOffMilliseconds);
                    return;
                case Errno.BadDescriptor or Errno.InvalidArgument:
                    LogBroken(_context.Logger, _pod.Id, _direction, LibC.LastError);
                    _listener.Unwatch();
                    return;
                default:
                    continue; // accept(2): errors of the connection itself are for that connection only
            }
        }
    }

    private void Take(int accepted, IPEndPoint? client)
    {
        var destination = InetAddress.Local(accepted);
        if (client is null || destination is null || IsOwn(destination))
        {
            LibC.CloseWithReset(accepted);
            return;
        }
        if (!_pod.TryOpenConnection())
        {
            _refused.Inc();
            LibC.CloseWithReset(accepted);
            return;
        }
        var loop = _context.Loops.Place(Loop);
        loop.AddLoad();
        if (loop == Loop)
        {
            Begin(loop, accepted, client, destination);
        }
        else
        {
            loop.Post(() => Begin(loop, accepted, client, destination));
        }
    }

    private void Begin(EventLoop loop, int accepted, IPEndPoint client, IPEndPoint destination)
    {
        var downstream = new LoopSocket(loop, accepted);
        Arrival arrival;
        try
        {
            arrival = new Arrival(_context, downstream, _pod, _direction, client, destination);
        }
        catch
        {
            downstream.Reset();
            _pod.CloseConnection();
            loop.RemoveLoad();
            throw;
        }
        try
        {
            arrival.Start();
        }
        catch (Exception exception)
        {
            arrival.OnFault(exception);
            throw;
        }
    }

    // Somebody dials the listener itself: serving that would go round in circles.
    private bool IsOwn(IPEndPoint destination) =>
        destination.Port == _port && (IPAddress.IsLoopback(destination.Address) || _pod.Addresses.Contains(destination.Address));

    private void Watch()
    {
        if (!_stopped && _listener.WatchListener(this) is var error and not 0)
        {
            LogBroken(_context.Logger, _pod.Id, _direction, error);
        }
    }

    [LoggerMessage(EventName = "AcceptExhausted", Level = LogLevel.Warning, Message = "{Pod}: no descriptor or memory to accept a connection (errno {Error}); trying again soon. Raise the proxy's limit of open files")]
    private static partial void LogExhausted(ILogger logger, string pod, int error);

    [LoggerMessage(EventName = "ListenerBroken", Level = LogLevel.Error, Message = "{Pod}: the {Direction} listener cannot be accepted on (errno {Error}); the agent has to send it again")]
    private static partial void LogBroken(ILogger logger, string pod, Direction direction, int error);
}
