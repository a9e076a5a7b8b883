using CliWrap;
using NodeMesh.Cli.Kernel;

namespace NodeMesh.Cli.Demo.Processes;

/// <summary>
/// A process of the demo, in a session of its own: a Ctrl-C at the terminal reaches the demo alone, which then ends the others in order,
/// each with all it has started.
/// </summary>
internal sealed class PodProcess
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    private static readonly Dictionary<string, string?> _environment = new()
    {
        // sbin may not be on the PATH of a root shell that su made.
        ["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin",
    };

    private readonly LastLines _said = new(2);
    private readonly CommandTask<CommandResult> _running;

    private PodProcess(string name, IReadOnlyList<string> command, Action<string>? onLine)
    {
        Name = name;
        // setsid(1) does not fork when it is no group leader, and `ip netns exec` does not either: the process id stays that of the app.
        _running = CliWrap.Cli.Wrap("setsid")
            .WithArguments(command)
            .WithEnvironmentVariables(_environment)
            .WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(PipeTarget.ToDelegate(onLine ?? _said.Add))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(_said.Add))
            .ExecuteAsync();
    }

    public string Name { get; }

    public int Id => _running.ProcessId;

    /// <summary>Why the demo cannot go on, once the process has ended; null while it runs.</summary>
    public string? Failure => _running.Task.IsCompleted
        ? $"{Name} ended by itself with exit code {_running.Task.Result.ExitCode}{Said}"
        : null;

    /// <summary>Its last words, to be put at the end of a message; empty when it said nothing.</summary>
    public string Said => _said.Any ? $", its last words: {_said}" : "";

    /// <summary>Starts a process on the host.</summary>
    public static PodProcess Start(string name, Undo undo, params IReadOnlyList<string> command) =>
        Start(name, undo, command, onLine: null);

    /// <summary>Starts a process inside a pod.</summary>
    public static PodProcess StartIn(Network.DemoPod pod, Undo undo, IReadOnlyList<string> command, Action<string>? onLine = null) =>
        Start($"{Path.GetFileName(command[0])} in pod {pod.Name}", undo, ["ip", "netns", "exec", pod.Netns, .. command], onLine);

    private static PodProcess Start(string name, Undo undo, IReadOnlyList<string> command, Action<string>? onLine)
    {
        PodProcess process;
        try
        {
            process = new PodProcess(name, command, onLine);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new DemoException($"{name} could not be started: {failure.Message}", failure);
        }
        undo.Push(name, process.StopAsync);
        return process;
    }

    /// <summary>Asks it to end, and ends it when it does not.</summary>
    private async Task StopAsync()
    {
        if (!_running.Task.IsCompleted)
        {
            // Not the whole group: what it started is its own to end, and in its order.
            Signals.Send(Id, Signals.Terminate);
        }
        var ended = await Task.WhenAny(_running.Task, Task.Delay(_patience)) == _running.Task;
        if (!ended)
        {
            Signals.Send(Id, Signals.Kill);
        }
        // Also when it ended by itself: what it started and left behind is still in its process group.
        Signals.SendToGroup(Id, Signals.Kill);
        await _running.Task.WaitAsync(_patience);
        if (!ended)
        {
            throw new DemoException($"it did not end within {_patience.TotalSeconds} s of SIGTERM and was killed{Said}");
        }
    }
}
