using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Agent.Serving;

/// <summary>Listens on cni.sock, where the CNI plugin asks about pods that start and end. Only root may connect.</summary>
internal sealed partial class CniServer : IDisposable
{
    private const int Backlog = 512; // a node that starts brings up all of its pods at once

    // A plugin writes its question at once; whoever does not is none.
    private static readonly TimeSpan QuestionLimit = TimeSpan.FromSeconds(5);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Func<CniQuestion, Task<CniAnswer>> _answer;
    private readonly ILogger _log;

    public CniServer(string path, Func<CniQuestion, Task<CniAnswer>> answer, ILogger log)
    {
        (_answer, _log) = (answer, log);
        File.Delete(path);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(Backlog);
        _ = AcceptAsync();
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync().ConfigureAwait(false));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        try
        {
            using (accepted)
            {
                if (await ReadAsync(accepted).ConfigureAwait(false) is not { } question)
                {
                    return;
                }
                var answer = await _answer(question).ConfigureAwait(false);
                LogAnswered(question.Command, question.PodNamespace, question.PodName, answer.Outcome, answer.Reason);
                await accepted.SendAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(answer, CniProtocol.Default.CniAnswer), (byte)'\n']).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SocketException or JsonException or OperationCanceledException or IOException)
        {
            LogBroken(e.Message);
        }
    }

    private static async Task<CniQuestion?> ReadAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(QuestionLimit);
        var buffer = new byte[4096];
        var length = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false);
            length += read;
            if (read == 0)
            {
                return null;
            }
            if (buffer.AsSpan(0, length).IndexOf((byte)'\n') is var end and >= 0)
            {
                return JsonSerializer.Deserialize(buffer.AsSpan(0, end), CniProtocol.Default.CniQuestion);
            }
            if (length == CniProtocol.LongestLine)
            {
                return null;
            }
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 4, CniProtocol.LongestLine));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "CniAnswered", Message = "CNI {Command} {Namespace}/{Pod}: {Outcome} {Reason}")]
    private partial void LogAnswered(string command, string @namespace, string pod, CniOutcome outcome, string reason);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "CniBroken", Message = "a question on cni.sock could not be answered: {Error}")]
    private partial void LogBroken(string error);
}
