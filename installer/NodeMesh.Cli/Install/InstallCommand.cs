using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts;
using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Yaml;
using Spectre.Console;

namespace NodeMesh.Cli.Install;

/// <summary><c>nodemesh install</c> and <c>nodemesh upgrade</c>: the chart, applied by the server, and the wait for every node.</summary>
internal static class InstallCommand
{
    public static Command Create() => Create("install", "Installs the mesh into a cluster, or what is missing of it. No pod is meshed by that: a label does it.", mustExist: false);

    public static Command CreateUpgrade() => Create("upgrade", "Brings the mesh of a cluster to the version and the values given, node by node, without a gap.", mustExist: true);

    private static Command Create(string name, string description, bool mustExist)
    {
        var set = new Option<string[]>("--set") { Description = "A value of the chart, such as cni.enabled=false; several times.", DefaultValueFactory = _ => [] };
        var files = new Option<string[]>("--values", "-f") { Description = "A file of values; several times.", DefaultValueFactory = _ => [] };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the manifests and change nothing." };
        var output = new Option<string>("--output", "-o") { Description = "With --dry-run: yaml or json.", DefaultValueFactory = _ => "yaml" };
        output.AcceptOnlyFromAmong("yaml", "json");
        var wait = new Option<int>("--timeout") { Description = "Seconds to wait for every node; 0 does not wait.", DefaultValueFactory = _ => 300 };
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command(name, description) { set, files, dryRun, output, wait });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync(name, async () =>
        {
            var values = ChartValues.Of(result.GetRequiredValue(files), result.GetRequiredValue(set).Prepend("createNamespace=true"));
            var manifests = Chart.RenderWhole(values, cluster.Namespace(result));
            if (result.GetValue(dryRun))
            {
                Console.Write(result.GetValue(output) == "json" ? AsList(manifests) : manifests);
                return 0;
            }
            using var api = cluster.Connect(result);
            return await new Installation(api, cluster.Namespace(result), AnsiConsole.Console)
                .ApplyAsync(manifests, mustExist, TimeSpan.FromSeconds(result.GetValue(wait)), cancellation);
        }));
        return command;
    }

    private static string AsList(string manifests) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "List",
        ["items"] = new JsonArray([.. YamlReader.ReadAll(manifests)]),
    }.ToString() + "\n";
}
