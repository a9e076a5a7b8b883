using CliWrap;

namespace NodeMesh.Bench.Machines;

/// <summary>A process that runs until it is stopped.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly CommandTask<CommandResult> _process;
    private readonly CancellationTokenSource _kill = new();
    private readonly string _name;
    private readonly string _log;

    public Daemon(Placement placement, string log, string program, params IEnumerable<string> arguments)
    {
        _name = Path.GetFileName(program);
        _log = log;
        _process = placement.Command(program, arguments)
            .WithStandardOutputPipe(PipeTarget.ToFile(log))
            .WithStandardErrorPipe(PipeTarget.ToFile(log + ".err"))
            .ExecuteAsync(_kill.Token);
    }

    public void ThrowIfExited()
    {
        if (_process.Task.IsCompleted)
        {
            throw Failed("ended at once");
        }
    }

    public BenchException Failed(string how) => new($"{_name} {how}; the end of what it printed:\n{Tail()}");

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.Task.IsCompleted)
            {
                await Cli.Wrap("kill").WithArguments(["-TERM", $"{_process.ProcessId}"]).WithValidation(CommandResultValidation.None).ExecuteAsync();
                await Task.WhenAny(_process.Task, Task.Delay(Grace));
            }
            await _kill.CancelAsync();
            await _process.Task;
        }
        catch (OperationCanceledException)
        {
            // Killed, since it didn't stop in time.
        }
        _kill.Dispose();
    }

    private string Tail() =>
        string.Join('\n', new[] { _log, _log + ".err" }.Where(File.Exists).SelectMany(f => File.ReadLines(f).TakeLast(12)));
}
