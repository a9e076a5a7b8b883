using System.CommandLine;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

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
            var isTable = FindingText.IsTable(result, output);
            await foreach (var finding in All(new ClusterChecks(api, cluster.Namespace(result)), mesh))
            {
                findings.Add(finding);
                if (isTable)
                {
                    FindingText.Print(finding);
                }
            }
            if (!isTable)
            {
                FindingText.Print(result, output, findings);
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
}
