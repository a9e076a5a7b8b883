using System.CommandLine;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh graph</c>: who calls whom, as the proxies of all nodes have seen it.</summary>
internal static class GraphCommand
{
    public static Command Create()
    {
        var only = new Option<string?>("--namespace", "-n") { Description = "Only what begins or ends in this namespace." };
        var all = new Option<bool>("--all", "-a") { Description = "Also those that had something to say to each other before, and not while this looked." };
        var seconds = new Option<int>("--seconds", "-s") { Description = "How long to look.", DefaultValueFactory = _ => 5 };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 600)
            {
                result.AddError("--seconds is from 1 to 600");
            }
        });
        var output = new Option<string>("--output", "-o") { Description = "text, dot (Graphviz), mermaid or json.", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "dot", "mermaid", "json");
        var agents = new AgentsOption();
        var command = agents.AddTo(new Command("graph", "Shows who calls whom: rate, success and latency of every edge between two workloads.") { only, all, seconds, output });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("graph", () => agents.WithAsync(result, async asked =>
        {
            var nodes = await asked.ListAsync(cancellation);
            var before = await asked.ScrapeAsync(nodes, cancellation);
            await Task.Delay(TimeSpan.FromSeconds(result.GetValue(seconds)), cancellation);
            var after = await asked.ScrapeAsync(nodes, cancellation);
            var window = new TrafficWindow(TimeProvider.System);
            window.Add(TrafficTotals.From(before.CommonWith(after)), before.Timestamp);
            window.Add(TrafficTotals.From(after.CommonWith(before)), after.Timestamp);
            var graph = ServiceGraph.Of(window.Rows(), result.GetValue(only), withSilent: result.GetValue(all));
            Console.Write(result.GetValue(output) switch
            {
                "dot" => graph.ToDot(),
                "mermaid" => graph.ToMermaid(),
                "json" => graph.ToJson() + "\n",
                _ => graph.ToText(),
            });
            return (after.WhatIsMissing ?? before.WhatIsMissing) is { } missing ? throw new ClusterException(missing) : 0;
        })));
        return command;
    }
}
