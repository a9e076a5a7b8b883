using System.Threading.Channels;
using Google.Protobuf;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>A proxy that watches the configuration.</summary>
internal sealed class ProxySession(int pid, string version)
{
    private ulong _applied;

    public int Pid => pid;

    public string Version => version;

    /// <summary>The snapshot version in force in the proxy.</summary>
    public ulong Applied
    {
        get => Volatile.Read(ref _applied);
        set => Volatile.Write(ref _applied, value);
    }
}

/// <summary>A question to a proxy, and where its answer goes.</summary>
internal sealed record PendingQuestion(ReportQuestion Question, TaskCompletionSource<ByteString> Answer);

/// <summary>A proxy that answers questions, one at a time.</summary>
internal sealed class ProxyReporter(int pid)
{
    private readonly Channel<PendingQuestion> _questions = Channel.CreateBounded<PendingQuestion>(16);

    public int Pid => pid;

    public ChannelReader<PendingQuestion> Questions => _questions.Reader;

    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task<ByteString> AskAsync(ReportQuestion.Types.Kind kind, TimeSpan limit) => AskAsync(new ReportQuestion { Kind = kind }, limit);

    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task<ByteString> AskAsync(ReportQuestion asked, TimeSpan limit)
    {
        var question = new PendingQuestion(asked, new TaskCompletionSource<ByteString>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _questions.Writer.TryWrite(question)
            ? await question.Answer.Task.WaitAsync(limit).ConfigureAwait(false)
            : throw new TimeoutException("the proxy has too many questions to answer");
    }
}
