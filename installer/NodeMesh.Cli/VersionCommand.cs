using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli;

/// <summary><c>nodemesh version</c>: the version, the commit it was built from, and what it runs on.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "text, json or yaml.", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json", "yaml");
        var command = new Command("version", "Prints the version, the commit it was built from, and what it runs on.") { output };
        command.SetAction(result => Print(result.GetValue(output)));
        return command;
    }

    private static void Print(string? format)
    {
        var parts = (typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+', 2);
        var facts = new JsonObject
        {
            ["version"] = parts[0],
            ["commit"] = parts.Length == 2 ? parts[1][..Math.Min(12, parts[1].Length)] : null,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
        };
        Console.Write(format switch
        {
            "json" => facts + "\n",
            "yaml" => YamlText.Write(facts, sorted: false),
            _ => $"nodemesh {facts["version"]}{(facts["commit"] is { } commit ? $" (commit {commit})" : "")}, {facts["runtime"]}, {facts["system"]}\n",
        });
    }
}
