using System.CommandLine;
using NodeMesh.Bench;
using NodeMesh.Bench.Machines;

var seconds = new Option<double>("--seconds") { Description = "Length of one run", DefaultValueFactory = _ => 2 };
var rounds = new Option<int>("--rounds") { Description = "Runs of each work on each system", DefaultValueFactory = _ => 3 };
var only = new Option<string[]>("--only")
{
    Description = "Only these works or systems (ids as in the table, several with commas)",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};
var idle = new Option<int>("--idle") { Description = "Idle connections held for the memory figures (fewer where a process may not hold two sockets for each); 0: no memory figures", DefaultValueFactory = _ => 10_000 };
var json = new Option<string?>("--json") { Description = "Where the figures go as JSON (default: bench.json beside the binaries)" };
var markdown = new Option<string?>("--markdown") { Description = "Where the figures go as the README's section; a file that has its marks keeps all around them" };
var binaries = new Option<string?>("--out") { Description = "Directory with nodemesh-agent and nodemesh-proxy (default: out/ of the repository)" };

var root = new RootCommand("Measures NodeMesh against HAProxy, nginx, a C relay and the direct connection, in one run on this machine.")
{
    seconds, rounds, only, idle, json, markdown, binaries,
};
root.SetAction(async (parsed, cancelled) =>
{
    var options = new BenchOptions
    {
        Seconds = parsed.GetValue(seconds),
        Rounds = parsed.GetValue(rounds),
        Only = [.. parsed.GetValue(only)!.SelectMany(o => o.Split(',', StringSplitOptions.RemoveEmptyEntries))],
        IdleConnections = Math.Min(parsed.GetValue(idle), OpenFiles.Connections),
        Binaries = parsed.GetValue(binaries) ?? BenchOptions.DefaultBinaries(),
        Json = parsed.GetValue(json),
        Markdown = parsed.GetValue(markdown),
    };
    try
    {
        await Bench.RunAsync(options, cancelled);
        return 0;
    }
    catch (BenchException e)
    {
        await Console.Error.WriteLineAsync($"nodemesh-bench: {e.Message}");
        return 1;
    }
    catch (OperationCanceledException)
    {
        await Console.Error.WriteLineAsync("nodemesh-bench: stopped, everything is removed");
        return 130;
    }
});

// Ctrl-C has to leave time to un-enrol the pods and to remove the namespaces.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
