using System.Net;
using System.Net.Sockets;

namespace NodeMesh.TestApp.Serving;

/// <summary>Accepts on a dual-stack port and hands each connection over; whatever goes wrong in one is its own affair.</summary>
internal sealed class TcpServer(int port, Func<Socket, Task> serve)
{
    public void Start()
    {
        if (port == 0)
        {
            return;
        }
        var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(4096);
        _ = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            _ = ServeAsync(await listener.AcceptAsync());
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                socket.NoDelay = true;
                await serve(socket);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidDataException or System.Security.Authentication.AuthenticationException)
        {
            Console.Error.WriteLine($"port {port}: {error.Message}");
        }
    }
}
