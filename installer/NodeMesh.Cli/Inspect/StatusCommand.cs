using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh status</c>: a row for every node. Exit code 1 when one of them is not ready.</summary>
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
            var all = await nodes.ListAsync(cancellation);
            var pods = await nodes.AskAllAsync(all, "pods", cancellation);
            var problems = await nodes.AskAllAsync(all, "problems", cancellation);
            var rows = new JsonArray();
            for (var i = 0; i < all.Count; i++)
            {
                rows.Add((JsonNode)Row(all[i], pods[i], problems[i].Json as JsonArray));
            }
            output.Print(
                result, rows, Column.Of("NODE", "node"), new Column("READY", row => row["ready"]!.GetValue<bool>() ? "yes" : "no"), Column.Of("VERSION", "version"),
                Column.Of("CAPTURE", "capture"), new Column("CAPTURED", row => row["captured"] is { } captured ? $"{captured}/{row["enrolled"]}" : null), Column.Of("PROBLEMS", "problems"),
                Column.Of("AGENT", "agent", isWide: true), Column.Of("NOTE", "note"));
            return all.All(node => node.IsReady) ? 0 : 1;
        }));
        return command;
    }

    private static JsonObject Row(MeshNode node, AgentAnswer answer, JsonArray? problems)
    {
        var pods = (answer.Json?["pods"] as JsonArray)?.OfType<JsonNode>().ToList();
        return new JsonObject
        {
            ["node"] = node.Node,
            ["ready"] = node.IsReady,
            ["version"] = node.Version,
            ["capture"] = answer.Json?["capture"]?.ToString(),
            ["enrolled"] = pods?.Count(p => p["enrolled"]?.GetValue<bool>() == true),
            ["captured"] = pods?.Count(p => p["captured"]?.GetValue<bool>() == true),
            ["problems"] = problems?.Count,
            ["agent"] = node.Pod,
            ["note"] = node.IsReady ? answer.Problem : node.Problem,
        };
    }
}
