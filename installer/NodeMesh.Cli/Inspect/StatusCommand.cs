using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh status</c>: a row for every node.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("status", "Shows every node of the mesh: whether it is ready, and its pods.") { output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("status", async () =>
        {
            using var api = cluster.Connect(result);
            var nodes = new MeshNodes(api, cluster.Namespace(result));
            var rows = new JsonArray();
            foreach (var node in await nodes.ListAsync(cancellation))
            {
                var answer = await nodes.TryAskAsync(node, "pods", cancellation);
                var pods = (answer?["pods"] as JsonArray ?? []).OfType<JsonNode>().ToList();
                var problems = await nodes.TryAskAsync(node, "problems", cancellation) as JsonArray;
                rows.Add((JsonNode)new JsonObject
                {
                    ["node"] = node.Node,
                    ["ready"] = node.IsReady,
                    ["version"] = node.Version,
                    ["capture"] = answer?["capture"]?.ToString(),
                    ["enrolled"] = pods.Count(p => p["enrolled"]?.GetValue<bool>() == true),
                    ["captured"] = pods.Count(p => p["captured"]?.GetValue<bool>() == true),
                    ["problems"] = problems?.Count,
                    ["agent"] = node.Pod,
                    ["note"] = node.IsReady && answer is null ? "its admin port does not answer through the API server (do you have the right pods/proxy?)" : node.Problem,
                });
            }
            output.Print(
                result, rows, Column.Of("NODE", "node"), new Column("READY", row => row["ready"]!.GetValue<bool>() ? "yes" : "no"), Column.Of("VERSION", "version"),
                Column.Of("CAPTURE", "capture"), new Column("CAPTURED", row => $"{row["captured"]}/{row["enrolled"]}"), Column.Of("PROBLEMS", "problems"),
                Column.Of("AGENT", "agent", isWide: true), Column.Of("NOTE", "note"));
            return rows.All(row => row!["ready"]!.GetValue<bool>()) ? 0 : 1;
        }));
        return command;
    }
}
