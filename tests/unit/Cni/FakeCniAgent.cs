using System.Net.Sockets;
using System.Text.Json;

namespace NodeMesh.UnitTests.Cni;

/// <summary>Listens as the agent does, keeps each question, and answers with a fixed line, or not at all.</summary>
internal sealed class FakeCniAgent : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nodemesh-cni-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<JsonElement> _questions = [];

    public FakeCniAgent(string? answer)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen(8);
        new Thread(() => Serve(answer)) { IsBackground = true }.Start();
    }

    public string Path => $"{_directory.FullName}/cni.sock";

    public string Missed => $"{_directory.FullName}/cni-missed";

    public IReadOnlyList<JsonElement> Questions
    {
        get
        {
            lock (_questions)
            {
                return [.. _questions];
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Serve(string? answer)
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                using var reader = new StreamReader(new NetworkStream(socket), leaveOpen: true);
                var line = reader.ReadLine();
                lock (_questions)
                {
                    _questions.Add(JsonDocument.Parse(line!).RootElement);
                }
                if (answer is not null)
                {
                    socket.Send(System.Text.Encoding.UTF8.GetBytes(answer + "\n"));
                    socket.Dispose();
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
