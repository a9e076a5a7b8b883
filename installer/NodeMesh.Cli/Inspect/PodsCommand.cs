using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh pods</c>: who is wanted in the mesh, and who really is.</summary>
internal static class PodsCommand
{
    public static Command Create()
    {
        var only = new Option<string?>("--namespace", "-n") { Description = "Only pods of this namespace." };
        var all = new Option<bool>("--all", "-a") { Description = "Also pods that are not enrolled." };
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("pods", "Shows the pods of the mesh: enrolled is wanted, captured is what the kernel does.") { only, all, output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("pods", async () =>
        {
            using var api = cluster.Connect(result);
            var nodes = new MeshNodes(api, cluster.Namespace(result));
            var answers = await nodes.AskAllAsync(await nodes.ListAsync(cancellation), "pods", cancellation);
            var rows = new JsonArray();
            foreach (var answer in answers)
            {
                foreach (var pod in (answer.Json?["pods"] as JsonArray ?? []).OfType<JsonObject>())
                {
                    if ((result.GetValue(only) is not { } home || pod["namespace"]?.ToString() == home) && (result.GetValue(all) || Is(pod, "enrolled")))
                    {
                        rows.Add((JsonNode)new JsonObject([new("node", answer.Node.Node), .. pod.Select(field => new KeyValuePair<string, JsonNode?>(field.Key, field.Value?.DeepClone()))]));
                    }
                }
            }
            output.Print(
                result, rows, Column.Of("NAMESPACE", "namespace"), Column.Of("NAME", "name"), Column.Of("NODE", "node"), YesNo("ENROLLED", "enrolled"), YesNo("CAPTURED", "captured"),
                Column.Of("ADDRESSES", "addresses", isWide: true), Column.Of("NETNS", "netns", isWide: true), Column.Of("BYPASSES", "bypassAttempts", isWide: true), Column.Of("MISSING", "missing"));
            var silent = answers.Where(answer => answer.Json is null).ToList();
            return silent.Count == 0
                ? 0
                : throw new ClusterException($"the pods of {(silent.Count == 1 ? "this node" : $"{silent.Count} nodes")} are not shown: {silent[0].Problem}");
        }));
        return command;
    }

    private static Column YesNo(string header, string field) => new(header, row => Is(row, field) ? "yes" : "no");

    private static bool Is(JsonNode row, string field) => row[field]?.GetValue<bool>() == true;
}
