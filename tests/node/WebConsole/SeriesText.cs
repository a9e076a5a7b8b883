using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The tables of series that the page is sent, as the scrapes they were made of.</summary>
internal static class SeriesText
{
    public static Scrape Parse(string json)
    {
        var table = JsonNode.Parse(json)!;
        var words = Strings(table["words"]!);
        var text = new StringBuilder();
        foreach (var family in table["families"]!.AsArray())
        {
            var (labels, bounds) = (Strings(family!["labels"]!), Strings(family["bounds"]!));
            foreach (var row in family["rows"]!.AsArray().Select(row => row!.AsArray()))
            {
                var own = string.Join(',', labels.Select((label, i) => $"{label}=\"{words[(int)row[i]!]}\""));
                for (var i = labels.Count; i < row.Count; i++)
                {
                    var all = bounds.Count == 0 ? own : $"{own},le=\"{bounds[i - labels.Count]}\"";
                    text.Append(CultureInfo.InvariantCulture, $"{family["name"]}{(all.Length == 0 ? "" : $"{{{all}}}")} {(double)row[i]!}\n");
                }
            }
        }
        return Scrape.Parse(text.ToString());
    }

    private static List<string> Strings(JsonNode array) => [.. array.AsArray().Select(value => (string)value!)];
}
