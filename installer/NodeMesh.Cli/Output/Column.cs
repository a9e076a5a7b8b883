using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Output;

/// <summary>A column of a table, and what it shows of a row.</summary>
/// <param name="IsWide">Shown with -o wide only.</param>
internal sealed record Column(string Header, Func<JsonNode, string?> Show, bool IsWide = false)
{
    /// <summary>The field of this name.</summary>
    public static Column Of(string header, string field, bool isWide = false) => new(header, row => row[field] switch
    {
        null => null,
        JsonArray items => string.Join(",", items.Select(i => i?.ToString())),
        var value => value.ToString(),
    }, isWide);
}
