using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh config NODE</c>: the compiled configuration of a node, and the version its proxy has.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("node") { Description = "The node's name." };
        var output = new Option<string>("--output", "-o") { Description = "json or yaml.", DefaultValueFactory = _ => "json" };
        output.AcceptOnlyFromAmong("json", "yaml");
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("config", "Prints what was compiled for a node, and the version its proxy has.") { name, output });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("config", async () =>
        {
            using var api = cluster.Connect(result);
            var nodes = new MeshNodes(api, cluster.Namespace(result));
            var text = await nodes.AskAsync(await nodes.FindAsync(result.GetRequiredValue(name), cancellation), "config", cancellation);
            Console.Write(result.GetValue(output) == "yaml" ? YamlText.Write(JsonNode.Parse(text), sorted: false) : text);
            return 0;
        }));
        return command;
    }
}
