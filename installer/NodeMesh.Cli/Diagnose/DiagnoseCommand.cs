using System.CommandLine;
using NodeMesh.Cli.Check;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Diagnose;

/// <summary><c>nodemesh diagnose NAME</c>: what is wrong with a workload, a pod or a Service, and what to do; exit code 1 when something is.</summary>
internal static class DiagnoseCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A workload (Deployment, StatefulSet …), a pod or a Service; namespace/name, or its name alone." };
        var home = new Option<string?>("--namespace", "-n") { Description = "Its namespace, where several have one of that name." };
        var seconds = new Option<int>("--seconds", "-s") { Description = "How long to watch its traffic.", DefaultValueFactory = _ => 5 };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 600)
            {
                result.AddError("--seconds is from 1 to 600");
            }
        });
        var output = new OutputOption();
        var agents = new AgentsOption();
        var command = agents.AddTo(new Command("diagnose", "Says in words what is wrong with a workload and what to do: capture, endpoints, routes, policies, errors.") { name, home, seconds, output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("diagnose", () => agents.WithAsync(result, async asked =>
        {
            var evidence = await Evidence.GatherAsync(asked, TimeSpan.FromSeconds(result.GetValue(seconds)), cancellation);
            var subject = Subject.Find(evidence, result.GetRequiredValue(name), result.GetValue(home));
            var findings = new Diagnosis(evidence, subject).Findings();
            FindingText.Print(result, output, findings);
            return findings.Any(finding => finding.Severity == Severity.Failure) ? 1 : 0;
        })));
        return command;
    }
}
