using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using NodeMesh.Contract;
using NodeMesh.Contract.Kernel;

namespace NodeMesh.UnitTests.AgentLink;

/// <summary>The agent's end of sockets.sock, for one connection at a time.</summary>
internal sealed class FakeAgent : IDisposable
{
    private readonly Socket _listener = PacketSocket.NewSocket();
    private PacketSocket? _proxy;

    public FakeAgent(string path)
    {
        File.Delete(path);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(8);
    }

    /// <summary>What the proxy said.</summary>
    public BlockingCollection<FromProxy> Heard { get; } = [];

    /// <summary>Waits for the proxy to connect and say hello.</summary>
    public void Accept()
    {
        var proxy = _proxy = new PacketSocket(_listener.Accept());
        new Thread(() =>
        {
            try
            {
                while (proxy.Receive() is { } packet)
                {
                    Heard.Add(FromProxy.Parser.ParseFrom(packet.Data.Span));
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // Either side hung up.
            }
        })
        { IsBackground = true }.Start();
        Hear(message => message.Hello);
    }

    public void Send(FromAgent message, params SafeHandle[] descriptors) => _proxy!.Send(message.ToByteArray(), descriptors);

    /// <summary>The next message of this kind; others before it are skipped.</summary>
    public T Hear<T>(Func<FromProxy, T?> select)
        where T : class
    {
        while (true)
        {
            if (!Heard.TryTake(out var message, TimeSpan.FromSeconds(10)))
            {
                throw new TimeoutException($"the proxy did not send {typeof(T).Name}");
            }
            if (select(message) is { } found)
            {
                return found;
            }
        }
    }

    public void HangUp() => _proxy?.Dispose();

    public void Dispose()
    {
        HangUp();
        _listener.Dispose();
    }
}
