using System.Collections.Concurrent;
using System.Diagnostics;
using NodeMesh.NodeTests.Kernel;

namespace NodeMesh.NodeTests.Kit;

/// <summary>A process of the test that goes on for a while; its output is kept.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private ChildProcess(Process process) => _process = process;

    /// <summary>Every line of stdout, as it comes.</summary>
    public event Action<string>? Line;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>stdout and stderr so far.</summary>
    public string Output => string.Join('\n', _output);

    public static ChildProcess Start(string[] command, Action<string>? onLine = null)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        var child = new ChildProcess(process);
        child.Line += onLine;
        process.OutputDataReceived += (_, line) => child.Take(line.Data, isOutput: true);
        process.ErrorDataReceived += (_, line) => child.Take(line.Data, isOutput: false);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    public void Write(string line)
    {
        lock (_process)
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
    }

    public void Signal(int signal) => Libc.Signal(Pid, signal);

    /// <summary>Waits for the process, not for the end of its output: a killed agent's proxy or nginx's workers may hold that open.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        var hasEnded = await Task.Run(() => _process.WaitForExit(limit * Eventually.Patience));
        return hasEnded
            ? _process.ExitCode
            : throw new TimeoutException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} still runs after {limit}. Its last lines:\n{Tail()}");
    }

    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            Signal(Libc.SIGKILL);
            await WaitForExitAsync(TimeSpan.FromSeconds(10));
        }
    }

    public string Tail() => string.Join('\n', _output.TakeLast(40));

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void Take(string? line, bool isOutput)
    {
        if (line is not null)
        {
            _output.Enqueue(line);
            if (isOutput)
            {
                Line?.Invoke(line);
            }
        }
    }
}
