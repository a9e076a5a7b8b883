using System.CommandLine;
using System.Globalization;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli;

/// <summary><c>nodemesh log-level</c>: has the agent and the proxy of a node log more, or less, for a while. In a cluster it is run in the agent's container.</summary>
internal static class LogLevelCommand
{
    private static readonly string[] Levels = ["trace", "debug", "information", "warning", "error", "critical", "none"];

    public static Command Create()
    {
        var level = new Argument<string>("level") { Description = string.Join(", ", Levels) + "." };
        level.AcceptOnlyFromAmong(Levels);
        var seconds = new Option<int>("--seconds") { Description = "For how long; then it is again as they were started.", DefaultValueFactory = _ => 600 };
        var admin = new Option<string>("--admin") { Description = "The agent's admin address, on this machine.", HelpName = "address:port", DefaultValueFactory = _ => "127.0.0.1:15020" };
        var command = new Command("log-level", "Changes what the agent and the proxy of this node log of their own, for a while.") { level, seconds, admin };
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("log-level", async () =>
        {
            using var agents = new AdminAgents([result.GetRequiredValue(admin)]);
            using var request = new HttpRequestMessage { Method = HttpMethod.Post };
            using var answer = await agents.ForwardAsync(
                (await agents.ListAsync(cancellation))[0],
                string.Create(CultureInfo.InvariantCulture, $"log-level?level={result.GetRequiredValue(level)}&seconds={result.GetValue(seconds)}"), request, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new ClusterException((await answer.Content.ReadAsStringAsync(cancellation)).Trim(), answer.StatusCode);
            }
            Console.WriteLine($"agent and proxy log {result.GetRequiredValue(level)} and worse for {result.GetValue(seconds)} s");
            return 0;
        }));
        return command;
    }
}
