using System.Text.Json.Nodes;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Charts.Templates;

/// <summary>The functions of Helm that the chart uses, with the same results.</summary>
internal static class TemplateFunctions
{
    /// <summary>Null: there is no such function.</summary>
    public static JsonNode? Call(string name, List<JsonNode?> arguments) => (name, arguments) switch
    {
        ("quote", [var value]) => $"\"{Text(value).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        ("default", [var fallback, var value]) => (IsTrue(value) ? value : fallback)?.DeepClone() ?? "",
        ("printf", [var format, .. var values]) => Format(Text(format), values),
        ("toYaml", [var value]) => YamlText.Write(value).TrimEnd('\n'),
        ("nindent", [var spaces, var text]) => "\n" + Indent(spaces!.GetValue<int>(), Text(text)),
        ("indent", [var spaces, var text]) => Indent(spaces!.GetValue<int>(), Text(text)),
        _ => null,
    };

    /// <summary>As "if" sees it: null, false, 0 and what is empty are not.</summary>
    public static bool IsTrue(JsonNode? value) => value switch
    {
        null => false,
        JsonObject fields => fields.Count > 0,
        JsonArray items => items.Count > 0,
        _ => Text(value) is not ("" or "false" or "0"),
    };

    public static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonValue scalar when scalar.TryGetValue<string>(out var text) => text,
        _ => value.ToJsonString(),
    };

    private static string Indent(int spaces, string text) =>
        string.Join('\n', text.Split('\n').Select(line => new string(' ', spaces) + line));

    private static string Format(string format, List<JsonNode?> values)
    {
        foreach (var value in values)
        {
            var place = format.IndexOf("%s", StringComparison.Ordinal);
            if (place < 0)
            {
                throw new TemplateException($"printf \"{format}\" has fewer places (%s) than values");
            }
            format = format[..place] + Text(value) + format[(place + 2)..];
        }
        return format;
    }
}
