using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Output;

/// <summary>-o: the same rows as a table, or whole as json or yaml.</summary>
internal sealed class OutputOption
{
    private readonly Option<string> _option = new("--output", "-o") { Description = "table, wide, json or yaml.", DefaultValueFactory = _ => "table" };

    public OutputOption() => _option.AcceptOnlyFromAmong("table", "wide", "json", "yaml");

    public Option<string> Option => _option;

    public void Print(ParseResult result, JsonArray rows, params Column[] columns)
    {
        switch (result.GetValue(_option))
        {
            case "json":
                Console.WriteLine(rows.ToString());
                break;
            case "yaml":
                Console.Write(YamlText.Write(rows, sorted: false));
                break;
            case var format:
                Console.Write(Table(rows, [.. columns.Where(c => !c.IsWide || format == "wide")]));
                break;
        }
    }

    internal static string Table(JsonArray rows, IReadOnlyList<Column> columns)
    {
        var cells = rows.OfType<JsonNode>().Select(row => columns.Select(c => c.Show(row) is { Length: > 0 } text ? text : "-").ToList())
            .Prepend([.. columns.Select(c => c.Header)]).ToList();
        var widths = columns.Select((_, i) => cells.Max(row => row[i].Length)).ToList();
        // The last column may be as long as it likes.
        return string.Concat(cells.Select(row => string.Join("   ", row.Select((cell, i) => i == row.Count - 1 ? cell : cell.PadRight(widths[i]))).TrimEnd() + "\n"));
    }
}
