using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;

namespace NodeMesh.Cli;

/// <summary><c>nodemesh version</c>: the version, the commit it was built from, and what it runs on.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Prints the version, the commit it was built from, and what it runs on.");
        command.SetAction(_ => Console.WriteLine(Describe()));
        return command;
    }

    private static string Describe()
    {
        var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        var parts = version.Split('+', 2);
        var commit = parts.Length == 2 ? $" (commit {parts[1][..Math.Min(12, parts[1].Length)]})" : "";
        return $"nodemesh {parts[0]}{commit}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}";
    }
}
