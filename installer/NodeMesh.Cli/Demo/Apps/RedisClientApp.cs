using System.Globalization;
using System.Net.Sockets;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>INCR and GET on one Redis for ever, in its own protocol (RESP2), a new connection every two seconds.</summary>
internal static class RedisClientApp
{
    public static async Task RunAsync(string hostAndPort, ClientTally tally, int rate)
    {
        var (host, port) = (hostAndPort.Split(':')[0], int.Parse(hostAndPort.Split(':')[1], CultureInfo.InvariantCulture));
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        while (true)
        {
            try
            {
                using var client = new TcpClient { NoDelay = true };
                await client.ConnectAsync(host, port);
                tally.Connected();
                using var reader = new StreamReader(client.GetStream());
                for (var i = 0; i < 2 * rate && await timer.WaitForNextTickAsync(); i++)
                {
                    await CallAsync(client.GetStream(), reader, i % 2 == 0 ? "INCR visits" : "GET visits");
                    tally.Succeeded();
                }
            }
            catch (Exception failure) when (failure is SocketException or IOException)
            {
                tally.Failed();
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private static async Task CallAsync(NetworkStream stream, StreamReader reader, string command)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"), patience.Token);
            var answer = await reader.ReadLineAsync(patience.Token);
            if (answer is null || answer.StartsWith('-'))
            {
                throw new IOException(answer ?? "Redis closed the connection");
            }
            if (answer.StartsWith('$'))
            {
                await reader.ReadLineAsync(patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new IOException("no answer from Redis within 3 s");
        }
    }
}
