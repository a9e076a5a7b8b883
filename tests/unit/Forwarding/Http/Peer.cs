using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>One end of a TCP connection as a test plays it: bytes out, and exact bytes in. Latin-1, so that a char is a byte.</summary>
internal sealed class Peer(Socket socket) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly StringBuilder _unread = new();

    public Socket Socket => socket;

    public static async Task<Peer> ConnectAsync(EndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endpoint, TestContext.Current.CancellationToken);
        return new Peer(socket);
    }

    public async Task SendAsync(string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text), SocketFlags.None, TestContext.Current.CancellationToken);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await socket.SendAsync(bytes, SocketFlags.None, TestContext.Current.CancellationToken);

    public async Task SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, TestContext.Current.CancellationToken)..];
        }
    }

    /// <summary>That many bytes, of which some may have been read already.</summary>
    public async Task<byte[]> BytesAsync(int length)
    {
        var bytes = new byte[length];
        var count = Encoding.Latin1.GetBytes(Take(Math.Min(length, _unread.Length)), bytes);
        while (count < length)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(count), SocketFlags.None, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, read);
            count += read;
        }
        return bytes;
    }

    /// <summary>Everything up to and including the mark.</summary>
    public async Task<string> UntilAsync(string mark)
    {
        while (true)
        {
            var text = _unread.ToString();
            var index = text.IndexOf(mark, StringComparison.Ordinal);
            if (index >= 0)
            {
                return Take(index + mark.Length);
            }
            if (!await FillAsync())
            {
                throw new InvalidOperationException($"The connection ended before \"{mark}\". Until then: {text}");
            }
        }
    }

    /// <summary>The head of a message, with the empty line that ends it.</summary>
    public Task<string> HeadAsync() => UntilAsync("\r\n\r\n");

    public async Task<string> ExactlyAsync(int length)
    {
        while (_unread.Length < length)
        {
            if (!await FillAsync())
            {
                throw new InvalidOperationException($"The connection ended after {_unread.Length} of {length} bytes: {_unread}");
            }
        }
        return Take(length);
    }

    /// <summary>Everything until the other side closes.</summary>
    public async Task<string> RestAsync()
    {
        while (await FillAsync())
        {
        }
        return Take(_unread.Length);
    }

    /// <summary>Waits until the other side closes or resets, which it must do without another byte.</summary>
    public async Task EndsAsync()
    {
        try
        {
            await FillAsync();
        }
        catch (SocketException)
        {
            // A reset.
        }
        Assert.Equal("", _unread.ToString());
    }

    /// <summary>Closes with RST.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose() => socket.Dispose();

    private string Take(int length)
    {
        var text = _unread.ToString(0, length);
        _unread.Remove(0, length);
        return text;
    }

    private async Task<bool> FillAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        var buffer = new byte[16 * 1024];
        int read;
        try
        {
            read = await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Nothing more came in {Patience.TotalSeconds} s. Until then: {_unread}");
        }
        _unread.Append(Encoding.Latin1.GetString(buffer, 0, read));
        return read > 0;
    }
}
