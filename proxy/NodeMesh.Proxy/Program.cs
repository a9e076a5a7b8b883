using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract.Telemetry;
using NodeMesh.Proxy;

var runDirectory = new Option<string>("--run-dir")
{
    Required = true,
    Description = "The directory with config.sock and sockets.sock, where the agent listens.",
};
var level = new Option<LogLevel>("--log-level") { DefaultValueFactory = _ => LogLevel.Information, Description = "The least severe messages to log." };
var instance = new Option<string?>("--instance")
{
    Description = "The proxy runs beside its agent rather than being started by it: the name both have in common, such as the uid of their Kubernetes pod.",
};
var accessLogs = new Option<string?>("--access-log-dir") { Description = "A directory that this process may write to, for the files of access logs." };
var root = new RootCommand("The proxy of a NodeMesh node. The agent starts it.") { runDirectory, instance, accessLogs, level };
root.SetAction(async (arguments, _) =>
{
    var levels = new LogLevels(arguments.GetValue(level), TimeProvider.System);
    using var logging = LoggerFactory.Create(builder => builder
        .SetMinimumLevel(LogLevel.Trace)
        .AddFilter(levels.Logs)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        }));
    var proxy = new ProxyProcess(arguments.GetRequiredValue(runDirectory), ProxyIdentity.OfThisProcess(arguments.GetValue(instance)), arguments.GetValue(accessLogs), levels, logging);
    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        proxy.Drain(ProxyProcess.DefaultDrainLimit);
    });
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
    {
        signal.Cancel = true;
        proxy.Drain(TimeSpan.Zero);
    });
    await proxy.RunAsync();
    return 0;
});

// The proxy handles signals itself; by default the process would be killed two seconds after SIGTERM.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
