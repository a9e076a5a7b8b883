using System.CommandLine;
using System.CommandLine.Help;
using NodeMesh.Cli;
using NodeMesh.Cli.Check;
using NodeMesh.Cli.Demo;
using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Diagnose;
using NodeMesh.Cli.Inspect;
using NodeMesh.Cli.Install;
using NodeMesh.Cli.Tap;
using NodeMesh.Cli.Top;
using NodeMesh.Cli.WebConsole;

var root = new RootCommand("NodeMesh: a service mesh with one agent and one proxy per Linux node, and nothing in the pods.")
{
    InstallCommand.Create(),
    InstallCommand.CreateUpgrade(),
    UninstallCommand.Create(),
    CheckCommand.Create(),
    StatusCommand.Create(),
    PodsCommand.Create(),
    RoutesCommand.Create(),
    DescribeCommand.Create(),
    DiagnoseCommand.Create(),
    GraphCommand.Create(),
    ConsoleCommand.Create(),
    TapCommand.Create(),
    TopCommand.Create(),
    ConfigCommand.Create(),
    LogLevelCommand.Create(),
    DemoCommand.Create(),
    VersionCommand.Create(),
    CompletionCommand.Create(),
    AppsCommand.Create(),
};
var help = root.Options.OfType<HelpOption>().Single();
help.Action = new UsageHelp((HelpAction)help.Action!);
root.SetAction(_ => root.Parse("--help").Invoke());

if (ProgramName.Called == ProgramName.PluginCompletion)
{
    CompletionCommand.PrintForKubectl(root, args);
    return 0;
}
var parsed = root.Parse(args);
if (parsed.Errors is [var error, ..] && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
{
    await Console.Error.WriteLineAsync($"{ProgramName.Typed}: {string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.')}; {ProgramName.Typed} --help says what there is");
    return 1;
}
// The commands handle Ctrl-C and SIGTERM themselves: tidying up takes as long as it takes.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
