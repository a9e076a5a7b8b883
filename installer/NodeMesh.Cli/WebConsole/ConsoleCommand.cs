using System.CommandLine;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.WebConsole;

/// <summary><c>nodemesh console</c>: the page that an agent serves, in the browser of this machine.</summary>
internal static class ConsoleCommand
{
    public static Command Create()
    {
        var node = new Option<string?>("--node") { Description = "The node whose agent is asked; else the first that is ready." };
        var port = new Option<int>("--port") { Description = "Port of 127.0.0.1 to open it at; else any that is free." };
        var token = new Option<FileInfo?>("--token-file") { Description = "File with the token that the agent was given with --console-token; of a cluster else its Secret is read." };
        var quiet = new Option<bool>("--no-browser") { Description = "Only print the address." };
        var agents = new AgentsOption();
        var command = agents.AddTo(new Command("console", "Opens the console: who calls whom, workloads, the node, live.") { node, port, token, quiet });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("console", () => agents.WithAsync(result, async asked =>
        {
            var chosen = await ChooseAsync(asked, result.GetValue(node), cancellation);
            await using var forwarder = new ConsoleForwarder(asked, chosen, Read(result.GetValue(token)) ?? await asked.ConsoleTokenAsync(chosen, cancellation));
            await forwarder.StartAsync(result.GetValue(port));
            var link = forwarder.Link;
            Console.WriteLine($"the console of {chosen.Node}: {link}\nthe link works once; it is served until Ctrl-C");
            if (!result.GetValue(quiet))
            {
                Browser.TryOpen(link);
            }
            await Task.Delay(Timeout.Infinite, cancellation);
            return 0;
        })));
        return command;
    }

    private static async Task<MeshNode> ChooseAsync(MeshAgents agents, string? name, CancellationToken cancellation)
    {
        if (name is not null)
        {
            return await agents.FindAsync(name, cancellation);
        }
        var all = await agents.ListAsync(cancellation);
        return all.FirstOrDefault(node => node.IsReady) ?? all[0];
    }

    private static string? Read(FileInfo? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file.FullName).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ClusterException($"the token {file} can't be read: {e.Message}", null, e);
        }
    }
}
