using CliWrap;
using CliWrap.Buffered;

namespace NodeMesh.NodeTests.Kit;

/// <summary>Runs a command of the system to its end.</summary>
public static class Commands
{
    /// <summary>Returns stdout.</summary>
    /// <exception cref="InvalidOperationException">It failed: says what it printed.</exception>
    public static async Task<string> RunAsync(params string[] command)
    {
        var result = await TryAsync(command);
        return result.ExitCode == 0
            ? result.StandardOutput
            : throw new InvalidOperationException($"`{string.Join(' ', command)}` ended with {result.ExitCode}: {result.StandardError}{result.StandardOutput}");
    }

    public static async Task<BufferedCommandResult> TryAsync(params string[] command)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return await Cli.Wrap(command[0]).WithArguments(command[1..]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
    }

    /// <summary>Several commands of ip(8) in one network namespace, in one process.</summary>
    public static async Task IpAsync(string netns, params string[] commands)
    {
        var result = await Cli.Wrap("ip").WithArguments(["-n", netns, "-batch", "-"])
            .WithStandardInputPipe(PipeSource.FromString(string.Join('\n', commands)))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip -n {netns}: {result.StandardError}\n{string.Join('\n', commands)}");
        }
    }
}
