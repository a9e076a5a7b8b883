using System.CommandLine;
using NodeMesh.Cli;
using NodeMesh.Cli.Check;
using NodeMesh.Cli.Demo;
using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Inspect;
using NodeMesh.Cli.Install;

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
    ConfigCommand.Create(),
    DemoCommand.Create(),
    VersionCommand.Create(),
    CompletionCommand.Create(),
    AppsCommand.Create(),
};

// The commands handle Ctrl-C and SIGTERM themselves: tidying up takes as long as it takes.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
