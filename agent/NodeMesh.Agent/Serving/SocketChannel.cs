using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Kernel;
using NodeMesh.Contract;
using NodeMesh.Contract.Kernel;

namespace NodeMesh.Agent.Serving;

/// <summary>Makes dial sockets of one kind in a pod's namespace; an empty list when the pod is gone.</summary>
internal delegate IReadOnlyList<SafeSocketHandle> DialSocketMaker(ulong netns, SocketKind kind, int count);

/// <summary>
/// The agent's side of sockets.sock: accepts proxies (two during an upgrade) and serves each on a thread of its own, since
/// recvmsg with descriptors has no asynchronous form in .NET.
/// </summary>
internal sealed partial class SocketChannel : IDisposable
{
    private readonly Socket _listener = PacketSocket.NewSocket();
    private readonly DialSocketMaker _maker;
    private readonly IProxyEvents _events;
    private readonly ILogger _log;

    public SocketChannel(string path, uint proxyUser, DialSocketMaker maker, IProxyEvents events, ILogger log)
    {
        _maker = maker;
        _events = events;
        _log = log;
        File.Delete(path);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        StateDirectory.Share(path, proxyUser);
        _listener.Listen(8);
        new Thread(Accept) { IsBackground = true, Name = "sockets.sock" }.Start();
    }

    public void Dispose() => _listener.Dispose();

    private void Accept()
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = _listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            var link = new ProxyLink(accepted);
            new Thread(() => Serve(link)) { IsBackground = true, Name = "proxy link" }.Start();
        }
    }

    private void Serve(ProxyLink link)
    {
        try
        {
            while (link.Receive() is { } message)
            {
                Handle(link, message);
            }
        }
        catch (Exception e) when (e is IOException or Google.Protobuf.InvalidProtocolBufferException or ObjectDisposedException)
        {
            LogBroken(link.Pid, e.Message);
        }
        finally
        {
            link.Dispose();
            _events.Disconnected(link);
        }
    }

    private void Handle(ProxyLink link, FromProxy message)
    {
        switch (message.MessageCase)
        {
            case FromProxy.MessageOneofCase.Hello:
                link.Greeted(message.Hello);
                _events.Connected(link);
                break;
            case FromProxy.MessageOneofCase.DialSocketsWanted:
                MakeSockets(link, message.DialSocketsWanted);
                break;
            case FromProxy.MessageOneofCase.PodDrained:
                _events.PodDrained(link, message.PodDrained.Netns);
                break;
        }
    }

    private void MakeSockets(ProxyLink link, DialSocketsWanted wanted)
    {
        // The proxy parses hostile bytes: what it asks for is bounded here, not trusted.
        var count = (int)Math.Min(wanted.Count, PacketSocket.MaxDescriptors);
        var sockets = _maker(wanted.Netns, wanted.Kind, count);
        try
        {
            link.Send(new FromAgent { DialSockets = new DialSockets { Netns = wanted.Netns, Kind = wanted.Kind } }, [.. sockets]);
        }
        finally
        {
            foreach (var socket in sockets)
            {
                // The proxy has them too.
                SocketCalls.LetGo(socket);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "ProxyLinkBroken", Message = "socket channel to proxy {Pid} broke: {Error}")]
    private partial void LogBroken(int pid, string error);
}
