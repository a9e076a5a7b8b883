using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli;

/// <summary>What the commands that talk to a cluster do about failures: one sentence on stderr, exit code 1.</summary>
internal static class CommandFailure
{
    public static async Task<int> ReportAsync(string command, Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is ClusterException or TemplateException)
        {
            await Console.Error.WriteLineAsync($"nodemesh {command}: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130; // 128 + SIGINT, as shells have it
        }
    }
}
