using System.Net.Sockets;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Contract.Kernel;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Kernel;

namespace NodeMesh.Proxy.AgentLink;

/// <summary>
/// The proxy's end of sockets.sock: pods and their sockets come in, wishes for more go out. Two threads: one reads, one
/// writes, so that nobody on the data path ever waits for the agent. When the agent is gone it tries until it is back.
/// </summary>
internal sealed partial class SocketChannel : IDisposable
{
    private const int FirstDelayMilliseconds = 50;
    private const int LongestDelayMilliseconds = 1_000;

    private readonly string _path;
    private readonly ProxyIdentity _identity;
    private readonly PodLifecycle _pods;
    private readonly Heartbeat _heartbeat;
    private readonly Action<TimeSpan> _drain;
    private readonly ILogger<SocketChannel> _logger;
    private readonly Channel<FromProxy> _outgoing = Channel.CreateUnbounded<FromProxy>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _reader;
    private readonly Thread _writer;
    private readonly ManualResetEventSlim _stop = new();
    private volatile PacketSocket? _socket;

    public SocketChannel(string path, ProxyIdentity identity, PodLifecycle pods, Heartbeat heartbeat, Action<TimeSpan> drain, ILogger<SocketChannel> logger)
    {
        (_path, _identity, _pods, _heartbeat, _drain, _logger) = (path, identity, pods, heartbeat, drain, logger);
        _reader = new Thread(Read) { IsBackground = true, Name = "agent-reader" };
        _writer = new Thread(Write) { IsBackground = true, Name = "agent-writer" };
    }

    public void Start()
    {
        _reader.Start();
        _writer.Start();
    }

    /// <summary>Queues a message. What is queued while the agent is away is dropped: a new agent is told anew. Any thread; never waits.</summary>
    public void Send(FromProxy message)
    {
        if (_socket is not null)
        {
            _outgoing.Writer.TryWrite(message);
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _outgoing.Writer.TryComplete();
        _writer.Join(LongestDelayMilliseconds); // Drained is still to go out
        _socket?.Dispose();
        _reader.Join(2 * LongestDelayMilliseconds);
    }

    private void Read()
    {
        var delay = FirstDelayMilliseconds;
        var said = false;
        while (!_stop.IsSet)
        {
            try
            {
                using var socket = PacketSocket.Connect(_path);
                socket.Send(new FromProxy { Hello = Hello() }.ToByteArray(), []);
                _socket = socket;
                delay = FirstDelayMilliseconds;
                said = false;
                LogConnected(_logger, _path);
                while (socket.Receive() is { } packet)
                {
                    Take(packet);
                }
                LogLost(_logger, _path, "it closed the connection");
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
            {
                if (!said && !_stop.IsSet)
                {
                    LogLost(_logger, _path, exception.Message);
                    said = true; // once, not with every try
                }
            }
            _socket = null;
            _stop.Wait(delay);
            delay = Math.Min(delay * 2, LongestDelayMilliseconds);
        }
    }

    private Hello Hello() => new()
    {
        Version = _identity.Version,
        Pid = _identity.Id,
        Instance = _identity.Instance,
        StartedMilliseconds = _identity.Started.ToUnixTimeMilliseconds(),
        Pods = (uint)_pods.Count,
    };

    private void Take(Packet packet)
    {
        var taken = 0;
        try
        {
            var message = FromAgent.Parser.ParseFrom(packet.Data.Span);
            var descriptors = packet.Descriptors;
            switch (message.MessageCase)
            {
                case FromAgent.MessageOneofCase.Welcome:
                    LogWelcome(_logger, message.Welcome.Node);
                    _heartbeat.Use(descriptors.Count > 0 ? descriptors[0] : null);
                    _pods.BeginNaming();
                    break;
                case FromAgent.MessageOneofCase.PodAdded when descriptors.Count >= 2:
                    _pods.Add(message.PodAdded, descriptors[0], descriptors[1]);
                    taken = 2;
                    break;
                case FromAgent.MessageOneofCase.Settled:
                    _pods.EndNaming();
                    break;
                case FromAgent.MessageOneofCase.PodRemoved:
                    _pods.Remove(message.PodRemoved.Netns, TimeSpan.FromMilliseconds(message.PodRemoved.DrainMilliseconds));
                    break;
                case FromAgent.MessageOneofCase.DialSockets:
                    if (_pods.Find(message.DialSockets.Netns) is { } pod && message.DialSockets.Kind is >= SocketKind.UpstreamV4 and <= SocketKind.InboundLegV6)
                    {
                        taken = descriptors.Count;
                        pod.Sockets(message.DialSockets.Kind).Add(descriptors);
                    }
                    break;
                case FromAgent.MessageOneofCase.Drain:
                    _drain(TimeSpan.FromMilliseconds(message.Drain.LimitMilliseconds));
                    break;
                default:
                    LogUnknown(_logger, message.MessageCase, descriptors.Count);
                    break;
            }
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or IOException or FormatException)
        {
            // One bad message must not cost the pods named in the others.
            LogBad(_logger, exception);
        }
        finally
        {
            foreach (var unused in packet.Descriptors.Skip(taken))
            {
                _ = LibC.close(unused);
            }
        }
    }

    private void Write()
    {
        var reader = _outgoing.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out var message))
            {
                try
                {
                    _socket?.Send(message.ToByteArray(), []);
                }
                catch (Exception exception) when (exception is IOException or ObjectDisposedException)
                {
                    // The reader sees it, too, and connects again.
                }
            }
        }
    }

    [LoggerMessage(EventName = "AgentConnected", Level = LogLevel.Information, Message = "Connected to the agent at {Path}")]
    private static partial void LogConnected(ILogger logger, string path);

    [LoggerMessage(EventName = "AgentLost", Level = LogLevel.Warning, Message = "No agent at {Path}: {Error}. Pods known are served on; trying again until it is back")]
    private static partial void LogLost(ILogger logger, string path, string error);

    [LoggerMessage(EventName = "Welcome", Level = LogLevel.Information, Message = "This is node {Node}")]
    private static partial void LogWelcome(ILogger logger, string node);

    [LoggerMessage(EventName = "UnknownMessage", Level = LogLevel.Warning, Message = "The agent sent {Kind} with {Descriptors} descriptors, which this version does not take")]
    private static partial void LogUnknown(ILogger logger, FromAgent.MessageOneofCase kind, int descriptors);

    [LoggerMessage(EventName = "BadMessage", Level = LogLevel.Error, Message = "A message of the agent could not be taken; the others are")]
    private static partial void LogBad(ILogger logger, Exception exception);
}
