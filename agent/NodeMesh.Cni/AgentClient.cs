using System.Net.Sockets;
using System.Text.Json;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Cni;

/// <summary>Asks the agent, and never waits longer than the limit.</summary>
internal static class AgentClient
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>As below; but when no agent listens, it is waited for within the limit: one may just follow another.</summary>
    public static CniAnswer? AskPatiently(string path, CniQuestion question, TimeSpan limit, out string failure)
    {
        var deadline = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (true)
        {
            var left = TimeSpan.FromMilliseconds(Math.Max(1, deadline - Environment.TickCount64));
            if (Ask(path, question, left, out failure, out var isAbsent) is { } answer)
            {
                return answer;
            }
            if (!isAbsent || left <= RetryInterval)
            {
                return null;
            }
            Thread.Sleep(RetryInterval);
        }
    }

    public static CniAnswer? Ask(string path, CniQuestion question, TimeSpan limit, out string failure) => Ask(path, question, limit, out failure, out _);

    /// <summary>Null when there is no answer: then <paramref name="failure"/> says why.</summary>
    private static CniAnswer? Ask(string path, CniQuestion question, TimeSpan limit, out string failure, out bool isAbsent)
    {
        isAbsent = false;
        var deadline = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        failure = "";
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            // A backlog that is full holds up connect() itself: then there is nobody to accept.
            socket.Blocking = false;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Blocking = true;
            socket.SendTimeout = socket.ReceiveTimeout = (int)limit.TotalMilliseconds;
            socket.Send([.. JsonSerializer.SerializeToUtf8Bytes(question, CniProtocol.Default.CniQuestion), (byte)'\n']);
            return Receive(socket, deadline, out failure);
        }
        catch (SocketException e)
        {
            isAbsent = e.SocketErrorCode != SocketError.TimedOut;
            failure = e.SocketErrorCode switch
            {
                SocketError.TimedOut => $"the agent did not answer within {limit.TotalSeconds:0.#} s",
                // .NET's name for ENOENT and the like is nothing an operator knows.
                _ => $"no agent listens on {path} ({e.SocketErrorCode})",
            };
        }
        catch (JsonException e)
        {
            failure = $"the agent's answer is not understood: {e.Message}";
        }
        return null;
    }

    private static CniAnswer? Receive(Socket socket, long deadline, out string failure)
    {
        var answer = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            var left = deadline - Environment.TickCount64;
            if (left <= 0)
            {
                throw new SocketException((int)SocketError.TimedOut);
            }
            socket.ReceiveTimeout = (int)left;
            var read = socket.Receive(answer.AsSpan(length));
            length += read;
            if (read == 0 || length == answer.Length)
            {
                failure = "the agent closed the connection without an answer";
                return null;
            }
            if (answer.AsSpan(0, length).IndexOf((byte)'\n') is var end and >= 0)
            {
                failure = "";
                return JsonSerializer.Deserialize(answer.AsSpan(0, end), CniProtocol.Default.CniAnswer);
            }
        }
    }
}
