using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.Agent.Editing;

/// <summary>JSON as YAML in blocks, for people to read.</summary>
internal static class JsonYaml
{
    // What YAML would take for something else than the text that it is.
    private static readonly HashSet<string> Words = new(["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        Write(text, node, 0, isInLine: false);
        return text.ToString();
    }

    /// <param name="isInLine">The first line has begun: after the dash of an item.</param>
    private static void Write(StringBuilder text, JsonNode? node, int indent, bool isInLine)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                foreach (var (name, value) in map)
                {
                    text.Append(' ', isInLine ? 0 : indent).Append(Scalar(name)).Append(':');
                    isInLine = false;
                    WriteValue(text, value, value is JsonArray ? indent : indent + 2);
                }
                break;
            case JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    text.Append(' ', isInLine ? 0 : indent).Append("- ");
                    isInLine = false;
                    Write(text, item, indent + 2, isInLine: true);
                }
                break;
            default:
                text.Append(' ', isInLine ? 0 : indent).Append(Leaf(node)).Append('\n');
                break;
        }
    }

    private static void WriteValue(StringBuilder text, JsonNode? value, int indent)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.Append('\n');
            Write(text, value, indent, isInLine: false);
        }
        else
        {
            text.Append(' ').Append(Leaf(value)).Append('\n');
        }
    }

    private static string Leaf(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when node.GetValueKind() == JsonValueKind.String => Scalar(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Scalar(string text)
    {
        var isPlain = !Words.Contains(text) && !char.IsAsciiDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '/') && text[0] is not ('-' or '.');
        return isPlain ? text : JsonValue.Create(text).ToJsonString();
    }
}
