using CliWrap;
using CliWrap.Buffered;

namespace NodeMesh.Cli.Demo.Network;

/// <summary>ip(8).</summary>
internal static class IpCommand
{
    /// <exception cref="DemoException">It failed: the command and what it said.</exception>
    public static async Task<string> RunAsync(string arguments, CancellationToken cancellation, string? batch = null)
    {
        var command = CliWrap.Cli.Wrap("ip").WithArguments(arguments).WithValidation(CommandResultValidation.None);
        if (batch is not null)
        {
            command = command.WithStandardInputPipe(PipeSource.FromString(batch));
        }
        // Not killed half-way when the run is cancelled: it takes milliseconds, and what it makes is then known to be made.
        var result = await command.ExecuteBufferedAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return result.IsSuccess
            ? result.StandardOutput
            : throw new DemoException($"'ip {arguments}' failed: {result.StandardError.Trim().ReplaceLineEndings(" ")}");
    }
}
