using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Output;
using Spectre.Console;

namespace NodeMesh.Cli.Check;

/// <summary>How findings are shown: a line each, or as JSON or YAML.</summary>
internal static class FindingText
{
    public static bool IsTable(ParseResult result, OutputOption output) => result.GetValue(output.Option) is "table" or "wide";

    public static void Print(ParseResult result, OutputOption output, IReadOnlyList<Finding> findings)
    {
        if (!IsTable(result, output))
        {
            output.Print(result, [.. findings.Select(AsJson)]);
            return;
        }
        foreach (var finding in findings)
        {
            Print(finding);
        }
    }

    public static void Print(Finding finding)
    {
        var sign = finding.Severity switch { Severity.Good => "[green]✓[/]", Severity.Warning => "[yellow]![/]", _ => "[red]✗[/]" };
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = int.MaxValue; // one line to a finding, whoever reads it
        }
        AnsiConsole.MarkupLine($"{sign} {Markup.Escape($"{finding.About}: {finding.Message}")}{(finding.Remedy.Length > 0 ? $" [grey]→[/] {Markup.Escape(finding.Remedy)}" : "")}");
    }

    private static JsonNode AsJson(Finding finding) => new JsonObject
    {
        ["severity"] = finding.Severity.ToString().ToLowerInvariant(),
        ["about"] = finding.About,
        ["message"] = finding.Message,
        ["remedy"] = finding.Remedy,
    };
}
