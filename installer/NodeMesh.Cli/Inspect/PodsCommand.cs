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
            var rows = new JsonArray();
            foreach (var node in await nodes.ListAsync(cancellation))
            {
                foreach (var pod in (await nodes.TryAskAsync(node, "pods", cancellation))?["pods"] as JsonArray ?? [])
                {
                    if ((result.GetValue(only) is not { } home || pod!["namespace"]?.ToString() == home)
                        && (result.GetValue(all) || pod!["enrolled"]?.GetValue<bool>() == true))
                    {
                        var row = pod!.DeepClone().AsObject();
                        row["node"] = node.Node;
                        rows.Add((JsonNode)row);
                    }
                }
            }
            output.Print(
                result, rows, Column.Of("NAMESPACE", "namespace"), Column.Of("NAME", "name"), Column.Of("NODE", "node"), YesNo("ENROLLED", "enrolled"), YesNo("CAPTURED", "captured"),
                Column.Of("ADDRESSES", "addresses", isWide: true), Column.Of("NETNS", "netns", isWide: true), Column.Of("BYPASSES", "bypassAttempts", isWide: true), Column.Of("MISSING", "missing"));
            return 0;
        }));
        return command;
    }

    private static Column YesNo(string header, string field) => new(header, row => row[field]?.GetValue<bool>() == true ? "yes" : "no");
}
