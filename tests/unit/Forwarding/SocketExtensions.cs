using System.Net.Sockets;
using System.Text;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.UnitTests.Forwarding;

internal static class SocketExtensions
{
    public static Task SendAsync(this Socket socket, string text) => socket.SendAsync(Encoding.Latin1.GetBytes(text), SocketFlags.None);

    /// <summary>Reads until this many bytes or the end.</summary>
    public static async Task<string> ReadAsync(this Socket socket, int count)
    {
        var buffer = new byte[count];
        var length = 0;
        while (length < count && await socket.ReceiveAsync(buffer.AsMemory(length)) is > 0 and var received)
        {
            length += received;
        }
        return Encoding.Latin1.GetString(buffer, 0, length);
    }

    /// <inheritdoc cref="ReadAsync(Socket, int)"/>
    public static async Task<string> ReadAsync(this AwaitableSocket socket, int count)
    {
        var buffer = new byte[count];
        var length = 0;
        while (length < count && await socket.ReceiveAsync(buffer.AsMemory(length)) is > 0 and var received)
        {
            length += received;
        }
        return Encoding.Latin1.GetString(buffer, 0, length);
    }

    /// <summary>"end", "reset" or the bytes that came instead.</summary>
    public static async Task<string> NextAsync(this Socket socket)
    {
        try
        {
            var buffer = new byte[1024];
            var count = await socket.ReceiveAsync(buffer);
            return count == 0 ? "end" : Encoding.Latin1.GetString(buffer, 0, count);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "reset";
        }
    }

    public static void Reset(this Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
