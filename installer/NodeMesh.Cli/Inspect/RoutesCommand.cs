using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh routes</c>: the routes of Services, and whether they are in force.</summary>
internal static class RoutesCommand
{
    public static Command Create()
    {
        var only = new Option<string?>("--namespace", "-n") { Description = "Only routes of this namespace." };
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("routes", "Shows the routes that have a Service as parent, and whether they are in force.") { only, output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("routes", async () =>
        {
            using var api = cluster.Connect(result);
            var rows = new JsonArray();
            foreach (var row in await RouteRow.ReadAsync(api, result.GetValue(only), cancellation))
            {
                rows.Add((JsonNode)row.ToJson());
            }
            output.Print(
                result, rows, Column.Of("NAMESPACE", "namespace"), Column.Of("KIND", "kind"), Column.Of("NAME", "name"), Column.Of("SERVICE", "service"),
                Column.Of("ACCEPTED", "accepted"), Column.Of("REFS", "resolvedRefs"), Column.Of("HOSTNAMES", "hostnames", isWide: true), Column.Of("WHY", "why"));
            return 0;
        }));
        return command;
    }
}
