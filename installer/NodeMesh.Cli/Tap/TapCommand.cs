using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Tap;

/// <summary><c>nodemesh tap</c>: requests and connections as they end, from the proxies of all nodes.</summary>
internal static class TapCommand
{
    public static Command Create()
    {
        var target = new Argument<string?>("target") { Description = "pod/NAME, service/NAME, or the NAME of either; without one everything.", Arity = ArgumentArity.ZeroOrOne };
        target.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && TapQuery.Complaint(text) is { } complaint)
            {
                result.AddError(complaint);
            }
        });
        var home = new Option<string>("--namespace", "-n") { Description = "The target's namespace.", DefaultValueFactory = _ => "default" };
        var path = new Option<string?>("--path") { Description = "Only requests whose path begins so." };
        var method = new Option<string?>("--method") { Description = "Only requests of this method." };
        var status = new Option<string?>("--status") { Description = "Only these, such as 404,5xx." };
        var header = new Option<string?>("--header") { Description = "Only requests with this header field: NAME, or NAME:VALUE." };
        var rate = new Option<int?>("--rate") { Description = "At most so many a second from each node; the rest is counted (100)." };
        var count = new Option<int?>("--count", "-c") { Description = "End after so many." };
        var output = new Option<string>("--output", "-o") { Description = "text or json: a line each.", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var agents = new AgentsOption();
        var command = agents.AddTo(new Command("tap", "Shows requests and connections live: both ends, status, latency, sizes, and which policy refused.") { target, home, path, method, status, header, rate, count, output });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("tap", () => agents.WithAsync(result, async asked =>
        {
            var query = new TapQuery(
                result.GetValue(target), result.GetRequiredValue(home), result.GetValue(path), result.GetValue(method), result.GetValue(status), result.GetValue(header), result.GetValue(rate));
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var printer = new TapPrinter(result.GetValue(output) == "json", result.GetValue(count), over);
            var ends = (await asked.ListAsync(over.Token)).Select(node => WatchAsync(asked, node, query, printer, over.Token)).ToList();
            try
            {
                return await OutlastAsync(ends);
            }
            catch (OperationCanceledException) when (printer.IsDone)
            {
                return 0;
            }
        })));
        return command;
    }

    /// <summary>Waits until every node's watch has ended, and says of each but the last why it has: the others go on.</summary>
    private static async Task<int> OutlastAsync(IReadOnlyList<Task<ClusterException>> ends)
    {
        var left = ends.Count;
        await foreach (var end in Task.WhenEach(ends))
        {
            var why = await end;
            // Who may not watch one node may watch none.
            if (--left == 0 || why.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw why;
            }
            await Console.Error.WriteLineAsync($"nodemesh tap: {why.Message}; the other nodes are still shown");
        }
        return 0;
    }

    /// <returns>Why it has ended.</returns>
    private static async Task<ClusterException> WatchAsync(MeshAgents agents, MeshNode node, TapQuery query, TapPrinter printer, CancellationToken over)
    {
        try
        {
            await using var stream = await agents.OpenAsync(node, query.ToPath(), over);
            using var lines = new StreamReader(stream);
            while (await lines.ReadLineAsync(over) is { } line)
            {
                Print(line, printer);
            }
        }
        catch (ClusterException e)
        {
            return e;
        }
        catch (IOException)
        {
            // Cut in the middle of an answer: as good as its end.
        }
        return new ClusterException($"the agent on node {node.Node} has ended the watch: it was stopped, or replaced");
    }

    private static void Print(string line, TapPrinter printer)
    {
        if (line.Length == 0)
        {
            return; // only to say that it is still there
        }
        try
        {
            printer.Print(JsonNode.Parse(line)!.AsObject(), line);
        }
        catch (JsonException)
        {
            // A line of a newer agent, or half of one: the next is as good.
        }
    }
}
