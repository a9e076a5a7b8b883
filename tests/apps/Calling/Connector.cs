using System.Net;
using System.Net.Sockets;
using NodeMesh.TestApp.Kernel;

namespace NodeMesh.TestApp.Calling;

/// <summary>Connects as the request says, tricks included.</summary>
internal static class Connector
{
    /// <param name="firstBytes">What the client says first anyway; with TCP Fast Open it goes with the SYN.</param>
    public static async Task<Socket> ConnectAsync(CallRequest request, ReadOnlyMemory<byte> firstBytes, CancellationToken cancellation)
    {
        var target = IPEndPoint.Parse(request.Target);
        if (request.Mapped)
        {
            target = new IPEndPoint(target.Address.MapToIPv6(), target.Port);
        }
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (request.Mapped)
            {
                socket.DualMode = true;
            }
            if (request.Mark is { } before)
            {
                SocketOptions.Mark(socket, before);
            }
            if (request.Device is { } device)
            {
                SocketOptions.BindToDevice(socket, device);
            }
            if (request.FastOpen)
            {
                socket = FastOpen.Connect(socket, target, firstBytes.Span);
            }
            else
            {
                await socket.ConnectAsync(target, cancellation);
                socket.NoDelay = true;
            }
            if (request.MarkAfter is { } after)
            {
                SocketOptions.Mark(socket, after);
            }
            if (!request.FastOpen && !firstBytes.IsEmpty)
            {
                await socket.SendAsync(firstBytes, cancellation);
            }
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
