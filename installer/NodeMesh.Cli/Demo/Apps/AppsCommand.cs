using System.CommandLine;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>
/// The demo's own applications, hidden subcommands that run inside its pods. Ordinary clients and servers: they know
/// names and ports, and nothing of the mesh.
/// </summary>
internal static class AppsCommand
{
    public const string Name = "demo-app";

    public static Command Create()
    {
        var command = new Command(Name, "The applications of the demo.") { Hidden = true };
        command.Add(Client("http-client", "Sends GET requests to each URL.", HttpClientApp.RunAsync));
        command.Add(Client("redis-client", "Sends INCR and GET to each host:port.", RedisClientApp.RunAsync));
        command.Add(Client("quotes-client", "Calls the quotes server at each URL.", QuotesClientApp.RunAsync));
        command.Add(QuotesServer());
        return command;
    }

    private static Command Client(string name, string description, Func<string, ClientTally, int, Task> run)
    {
        var targets = new Argument<string[]>("target") { Arity = ArgumentArity.OneOrMore };
        var rate = new Option<int>("--rate") { Description = "Requests a second, to each target.", DefaultValueFactory = _ => 25 };
        var command = new Command(name, description) { targets, rate };
        command.SetAction(async (result, cancellation) =>
        {
            var tallies = result.GetRequiredValue(targets).ToDictionary(target => target, target => new ClientTally(target));
            var loops = tallies.Select(pair => run(pair.Key, pair.Value, result.GetValue(rate)));
            await Task.WhenAll([.. loops, ClientTally.ReportAsync([.. tallies.Values], cancellation)]);
        });
        return command;
    }

    private static Command QuotesServer()
    {
        var port = new Option<int>("--port") { DefaultValueFactory = _ => 9000 };
        var command = new Command("quotes-server", "A gRPC server.") { port };
        command.SetAction((result, _) => QuotesServerApp.RunAsync(result.GetValue(port)));
        return command;
    }
}
