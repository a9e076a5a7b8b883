using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
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
            var nodes = await asked.ListAsync(cancellation);
            var last = await asked.ScrapeAsync(nodes, cancellation);
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
                return last.WhatIsMissing is { } missing ? throw new ClusterException(missing) : 0;
            }
            await console.Live(new Text("looking ...")).StartAsync(async live =>
            {
                while (true)
                {
                    var table = TopTable.Of(rows, await NextAsync(), Lines);
                    live.UpdateTarget(last.WhatIsMissing is { } missing ? table.Caption(new TableTitle(Markup.Escape(missing))) : table);
                    nodes = await asked.ListAsync(cancellation);
                }
            });
            return 0;

            async Task<IReadOnlyList<TopRow>> NextAsync()
            {
                await Task.Delay(period, cancellation);
                var (before, now) = (last, await asked.ScrapeAsync(nodes, cancellation));
                last = now;
                return TopScrape.Of(rows, now.CommonWith(before), now.Timestamp).Since(TopScrape.Of(rows, before.CommonWith(now), before.Timestamp), TimeProvider.System);
            }
        })));
        return command;
    }
}
