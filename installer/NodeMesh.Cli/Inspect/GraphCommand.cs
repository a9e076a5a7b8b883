using System.CommandLine;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Metrics;
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
            var window = new TrafficWindow(TimeProvider.System);
            window.Add(await ScrapeAsync(asked, cancellation));
            await Task.Delay(TimeSpan.FromSeconds(result.GetValue(seconds)), cancellation);
            window.Add(await ScrapeAsync(asked, cancellation));
            var graph = ServiceGraph.Of(window.Rows(), result.GetValue(only), withSilent: result.GetValue(all));
            Console.Write(result.GetValue(output) switch
            {
                "dot" => graph.ToDot(),
                "mermaid" => graph.ToMermaid(),
                "json" => graph.ToJson() + "\n",
                _ => graph.ToText(),
            });
            return 0;
        })));
        return command;
    }

    private static async Task<TrafficTotals> ScrapeAsync(MeshAgents agents, CancellationToken cancellation)
    {
        var samples = new List<MetricSample>();
        foreach (var node in await agents.ListAsync(cancellation))
        {
            samples.AddRange(MetricsText.Parse(await agents.AskAsync(node, "metrics", cancellation)));
        }
        return TrafficTotals.From(samples);
    }
}
