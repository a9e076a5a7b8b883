using CliWrap;
using CliWrap.Buffered;
using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

internal static class Listening
{
    private const int Attempts = 100;

    /// <summary>Until a round trip through the daemon works.</summary>
    public static async Task WaitAsync(Daemon daemon, Workspace workspace, Pod client, string address, int port, CancellationToken cancelled)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            daemon.ThrowIfExited();
            var result = await Cli.Wrap("nsenter")
                .WithArguments([$"--net=/run/netns/{client.Namespace}", workspace.Load, "pingpong", address, $"{port}", "1", "0.01"])
                .ExecuteBufferedAsync(cancelled);
            if (result.StandardOutput.Contains("\"errors\":0,", StringComparison.Ordinal)
                && !result.StandardOutput.Contains("\"requests\":0,", StringComparison.Ordinal))
            {
                return;
            }
            await Task.Delay(100, cancelled);
        }
        throw daemon.Failed($"doesn't answer on {address}:{port}");
    }
}
