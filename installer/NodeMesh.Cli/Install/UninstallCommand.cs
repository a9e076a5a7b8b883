using System.CommandLine;
using NodeMesh.Cli.Charts;
using NodeMesh.Cli.Cluster;
using Spectre.Console;

namespace NodeMesh.Cli.Install;

/// <summary><c>nodemesh uninstall</c>: every node as it was; the pods go on.</summary>
internal static class UninstallCommand
{
    public static Command Create()
    {
        var keep = new Option<bool>("--keep-namespace") { Description = "Leave the mesh's namespace." };
        var wait = new Option<int>("--timeout") { Description = "Seconds to wait for every node.", DefaultValueFactory = _ => 300 };
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("uninstall", "Takes the mesh out of a cluster: the agents release every pod, which goes on, and leave each node as they found it.") { keep, wait });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("uninstall", async () =>
        {
            using var api = cluster.Connect(result);
            var values = ChartValues.Of([], ["createNamespace=true"]);
            return await new Installation(api, cluster.Namespace(result), AnsiConsole.Console).RemoveAsync(
                Chart.Render(values, cluster.Namespace(result)), TimeSpan.FromSeconds(result.GetValue(wait)), result.GetValue(keep), cancellation);
        }));
        return command;
    }
}
