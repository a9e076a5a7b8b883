using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;
using Spectre.Console;

namespace NodeMesh.Cli.Check;

/// <summary><c>nodemesh check</c>: one line, cause and remedy for each finding; exit code 1 when something fails.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("check", "Looks whether the cluster can have the mesh, and whether the mesh there does what it should.") { output.Option });
        command.SetAction((result, _) => CommandFailure.ReportAsync("check", async () =>
        {
            using var api = cluster.Connect(result);
            var mesh = new MeshChecks(api, cluster.Namespace(result));
            var findings = new List<Finding>();
            var isTable = result.GetValue(output.Option) is "table" or "wide";
            await foreach (var finding in All(new ClusterChecks(api, cluster.Namespace(result)), mesh))
            {
                findings.Add(finding);
                if (isTable)
                {
                    Print(finding);
                }
            }
            if (!isTable)
            {
                output.Print(result, [.. findings.Select(AsJson)]);
            }
            return findings.Any(f => f.Severity == Severity.Failure) ? 1 : 0;
        }));
        return command;
    }

    private static async IAsyncEnumerable<Finding> All(ClusterChecks cluster, MeshChecks mesh)
    {
        await foreach (var finding in cluster.RunAsync())
        {
            yield return finding;
        }
        if (await mesh.IsInstalledAsync())
        {
            await foreach (var finding in mesh.RunAsync())
            {
                yield return finding;
            }
        }
        else
        {
            yield return Finding.Warning("mesh", "it is not installed", "nodemesh install");
        }
    }

    private static void Print(Finding finding)
    {
        var sign = finding.Severity switch { Severity.Good => "[green]✓[/]", Severity.Warning => "[yellow]![/]", _ => "[red]✗[/]" };
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = int.MaxValue; // one line to a finding, whoever reads it
        }
        AnsiConsole.MarkupLine($"{sign} {Markup.Escape($"{finding.About}: {finding.Message}")}{(finding.Remedy.Length > 0 ? $" [grey]→[/] {Markup.Escape(finding.Remedy)}" : "")}");
    }

    private static JsonNode AsJson(Finding finding) => new JsonObject
    {
        ["severity"] = finding.Severity.ToString().ToLowerInvariant(),
        ["about"] = finding.About,
        ["message"] = finding.Message,
        ["remedy"] = finding.Remedy,
    };
}
