using System.CommandLine;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh describe service|pod|route NAME</c>: what applies to it, and which resource says so.</summary>
internal static class DescribeCommand
{
    public static Command Create()
    {
        var kind = new Argument<string>("kind") { Description = "service, pod, route; or a kind of routes, where two have the same name.", HelpName = "service|pod|route" };
        kind.AcceptOnlyFromAmong("service", "svc", "pod", "po", "route", "httproute", "grpcroute", "tlsroute", "tcproute");
        var name = new Argument<string>("name") { Description = "Its name." };
        var home = new Option<string?>("--namespace", "-n") { Description = "Its namespace; else that of the context." };
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("describe", "Says what applies to a Service, a pod or a route, and which resource says so.") { kind, name, home, output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("describe", async () =>
        {
            using var api = cluster.Connect(result);
            var facts = new Facts(api, cluster.Namespace(result), result.GetValue(home) ?? api.Namespace, result.GetRequiredValue(name), cancellation);
            var rows = result.GetRequiredValue(kind) switch
            {
                "service" or "svc" => await facts.OfServiceAsync(),
                "pod" or "po" => await facts.OfPodAsync(),
                var route => await facts.OfRouteAsync(route == "route" ? null : route),
            };
            output.Print(result, rows, Column.Of("WHAT", "what"), Column.Of("IS", "is"), Column.Of("BY", "by"));
            return 0;
        }));
        return command;
    }
}
