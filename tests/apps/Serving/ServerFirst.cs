using System.Net.Sockets;

namespace NodeMesh.TestApp.Serving;

/// <summary>Speaks first, as SMTP, FTP, SSH and MySQL do: a greeting on accept, then every line back; "seen" answers what it saw.</summary>
internal sealed class ServerFirst(string name)
{
    public async Task ServeAsync(Socket socket)
    {
        var seen = Seen.Of(name, socket);
        await using var stream = new NetworkStream(socket);
        await stream.WriteLineAsync($"220 {name} ready\r", default);
        while (await stream.ReadLineAsync(default) is { } line)
        {
            await stream.WriteLineAsync((line == "seen" ? Arguments.ToJson(seen) : line) + '\r', default);
        }
    }
}
