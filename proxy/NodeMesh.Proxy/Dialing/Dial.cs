using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Dialing;

/// <summary>
/// One connection being opened on a loop. Non-blocking: a blocking connect() to an address that answers with an ICMP
/// reject takes a second, a non-blocking one 0.1 ms. <paramref name="changed"/> is called when the state left UnderWay.
/// </summary>
internal sealed class Dial(EventLoop loop, DialTarget target, Action changed) : ILoopEvents, IDialSocketWaiter, IPodUser
{
    public const int ConnectTimeoutMilliseconds = 10_000;

    /// <summary>How long a dial waits for the agent when the pool ran dry.</summary>
    public const int SocketTimeoutMilliseconds = 5_000;

    private const int MaxAttempts = 4;

    private LoopTimer? _timer;
    private int _attempts;
    private bool _waits;
    private bool _isAbandoned;

    public DialTarget Target => target;

    public DialState State { get; private set; }

    /// <summary>errno of a failed dial.</summary>
    public int Error { get; private set; }

    /// <summary>The socket of a connected dial, to look at; to have it, there is <see cref="TakeSocket"/>.</summary>
    public LoopSocket? Socket { get; private set; }

    private DialSocketPool Pool => target.Owner.Sockets(target.Kind);

    /// <summary>Begins. May be done, and have called back, on return.</summary>
    public void Start()
    {
        if (Pool.TryTake(out var socket))
        {
            Connect(socket);
            return;
        }
        _waits = true;
        StartTimer(SocketTimeoutMilliseconds);
        Pool.Wait(this);
    }

    /// <summary>The socket of a connected dial is the caller's from here on, who also sees to it that it is closed when the pod goes.</summary>
    public LoopSocket TakeSocket()
    {
        var socket = Socket!;
        Socket = null;
        target.Owner.Leave(this);
        return socket;
    }

    /// <summary>Gives up whatever there is, without calling back.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _timer?.Stop();
        if (_waits)
        {
            Pool.StopWaiting(this);
        }
        DropSocket();
    }

    public void OnPodGone() => loop.Post(() =>
    {
        if (Socket is { } socket)
        {
            socket.Reset(); // a FIN would keep the socket, and with it the namespace, until it is acknowledged
            DropSocket();
            End(DialState.PodGone);
        }
    });

    public void OnSocket(int? socket) => loop.Post(() =>
    {
        if (_isAbandoned || State != DialState.UnderWay)
        {
            if (socket is { } unused)
            {
                Pool.Return(unused);
            }
            return;
        }
        _waits = false;
        _timer?.Stop();
        if (socket is { } fresh)
        {
            Connect(fresh);
        }
        else
        {
            End(DialState.PodGone);
        }
    });

    public void OnReady(LoopSocket socket)
    {
        if (State != DialState.UnderWay)
        {
            changed(); // connected already, its new owner has not taken over yet: there is something to read
        }
        else if (socket.IsBroken)
        {
            var error = LibC.PendingError(socket.Descriptor);
            DropSocket();
            Fail(error);
        }
        else if (socket.IsWritable)
        {
            _timer?.Stop();
            End(DialState.Connected);
        }
    }

    public void OnFault(Exception exception)
    {
        Abandon();
        Error = Errno.ConnectionAborted;
        End(DialState.Failed);
    }

    private void Connect(int descriptor)
    {
        var error = BindAndConnect(descriptor);
        if (error is not (0 or Errno.InProgress))
        {
            _ = LibC.close(descriptor);
            Fail(error);
            return;
        }
        Socket = new LoopSocket(loop, descriptor) { IsWritable = false };
        if (!target.Owner.TryEnter(this))
        {
            DropSocket();
            End(DialState.PodGone);
            return;
        }
        error = Socket.Watch(this);
        if (error != 0)
        {
            DropSocket();
            Fail(error);
            return;
        }
        StartTimer(target.TimeoutMilliseconds);
    }

    private unsafe int BindAndConnect(int descriptor)
    {
        var address = stackalloc byte[InetAddress.MaxLength];
        if (target.Source is { } source)
        {
            // A leg's port must not be the client's own (see LegPorts); only where the chosen one is taken the kernel chooses.
            var port = target.IsInboundLeg && _attempts == 0 ? LegPorts.Next() : 0;
            // Without it bind() to port 0 would pick one that is free for every destination, and run out at 28,000 connections.
            LibC.Set(descriptor, LibC.SolIp, LibC.IpBindAddressNoPort, 1);
            var length = InetAddress.Write(new System.Net.IPEndPoint(source, port), new Span<byte>(address, InetAddress.MaxLength));
            if (LibC.bind(descriptor, address, length) < 0)
            {
                return LibC.LastError;
            }
        }
        var size = InetAddress.Write(target.Endpoint, new Span<byte>(address, InetAddress.MaxLength));
        return LibC.connect(descriptor, address, size) == 0 ? 0 : LibC.LastError;
    }

    private void Fail(int error)
    {
        // Another socket gets another port: the pair may still be in TIME_WAIT, or just have been taken.
        if (error is Errno.AddressInUse or Errno.AddressNotAvailable && ++_attempts < MaxAttempts)
        {
            Start();
            return;
        }
        Error = error;
        End(DialState.Failed);
    }

    private void End(DialState state)
    {
        _timer?.Stop();
        State = state;
        changed();
    }

    private void StartTimer(int milliseconds) => loop.StartTimer(_timer ??= new LoopTimer(OnTimeout), milliseconds);

    private void OnTimeout()
    {
        if (_waits)
        {
            if (Pool.StopWaiting(this))
            {
                End(DialState.OutOfSockets);
            }
            return; // a socket is on its way through Post
        }
        DropSocket();
        Error = Errno.TimedOut;
        End(DialState.Failed);
    }

    private void DropSocket()
    {
        if (Socket is { } socket)
        {
            Socket = null;
            target.Owner.Leave(this);
            socket.Close();
        }
    }
}
