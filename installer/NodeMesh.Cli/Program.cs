using System.CommandLine;
using NodeMesh.Cli;
using NodeMesh.Cli.Demo;
using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Install;

var root = new RootCommand("NodeMesh: a service mesh with one agent and one proxy per Linux node, and nothing in the pods.")
{
    InstallCommand.Create(),
    InstallCommand.CreateUpgrade(),
    UninstallCommand.Create(),
    DemoCommand.Create(),
    VersionCommand.Create(),
    AppsCommand.Create(),
};

// The commands handle Ctrl-C and SIGTERM themselves: tidying up takes as long as it takes.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
