using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Metrics;
using Spectre.Console;

namespace NodeMesh.Cli.Top;

/// <summary><c>nodemesh top</c>: who is busy, who fails and who is slow, again and again.</summary>
internal static class TopCommand
{
    private const int PlainWidth = 120;
    private const int Lines = 30;

    public static Command Create()
    {
        var by = new Argument<string>("by") { Description = "workload, service, route or pod: what a row is.", DefaultValueFactory = _ => "workload", HelpName = "workload|service|route|pod" };
        by.AcceptOnlyFromAmong("workload", "service", "route", "pod");
        var seconds = new Option<int>("--seconds", "-s") { Description = "Between two looks.", DefaultValueFactory = _ => 2 };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 600)
            {
                result.AddError("--seconds is from 1 to 600");
            }
        });
        var once = new Option<bool>("--once") { Description = "Two looks, one table, and the end: for scripts." };
        var output = new Option<string>("--output", "-o") { Description = "table, or json with --once.", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var agents = new AgentsOption();
        var command = agents.AddTo(new Command("top", "Shows the busiest workloads, Services, routes or pods live: rate, success, latency, bytes; of pods what they cost the proxy.") { by, seconds, once, output });
        command.Validators.Add(result =>
        {
            if (result.GetValue(output) == "json" && !result.GetValue(once))
            {
                result.AddError("-o json goes with --once");
            }
        });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("top", () => agents.WithAsync(result, async asked =>
        {
            var rows = result.GetRequiredValue(by);
            var period = TimeSpan.FromSeconds(result.GetValue(seconds));
            var console = AnsiConsole.Create(new AnsiConsoleSettings());
            if (Console.IsOutputRedirected)
            {
                console.Profile.Width = PlainWidth;
            }
            var last = await ScrapeAsync(asked, rows, cancellation);
            if (result.GetValue(once))
            {
                var found = await NextAsync();
                if (result.GetValue(output) == "json")
                {
                    Console.WriteLine(new JsonArray([.. found.Select(row => row.ToJson())]).ToString());
                }
                else
                {
                    console.Write(TopTable.Of(rows, found, int.MaxValue));
                }
                return 0;
            }
            await console.Live(new Text("looking ...")).StartAsync(async live =>
            {
                while (true)
                {
                    live.UpdateTarget(TopTable.Of(rows, await NextAsync(), Lines));
                }
            });
            return 0;

            async Task<IReadOnlyList<TopRow>> NextAsync()
            {
                await Task.Delay(period, cancellation);
                var now = await ScrapeAsync(asked, rows, cancellation);
                var since = now.Since(last, TimeProvider.System);
                last = now;
                return since;
            }
        })));
        return command;
    }

    private static async Task<TopScrape> ScrapeAsync(MeshAgents agents, string by, CancellationToken cancellation)
    {
        var scrape = new TopScrape(TimeProvider.System.GetTimestamp());
        foreach (var node in await agents.ListAsync(cancellation))
        {
            scrape.Add(by, MetricsText.Parse(await agents.AskAsync(node, "metrics", cancellation)));
        }
        return scrape;
    }
}
