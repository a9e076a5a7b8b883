using System.Net.Sockets;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>Handlers that connect as any HTTP client does, but count connections and open a new one every two seconds.</summary>
internal static class CountedSockets
{
    public static SocketsHttpHandler Handler(ClientTally tally) => new()
    {
        // Only new connections are captured, so a client that never reconnects would never be seen.
        PooledConnectionLifetime = TimeSpan.FromSeconds(2),
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                tally.Connected();
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
