using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace NodeMesh.Cli.Yaml;

/// <summary>Writes YAML as kubectl does: blocks, keys in order of the alphabet unless they are to stay as they are.</summary>
internal static partial class YamlText
{
    public static string Write(JsonNode? node, bool sorted = true)
    {
        var output = new StringBuilder();
        Write(output, node, 0, sorted, isInline: false);
        return output.ToString();
    }

    private static void Write(StringBuilder output, JsonNode? node, int indent, bool sorted, bool isInline)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } fields:
                var isFirst = true;
                foreach (var (key, value) in sorted ? fields.OrderBy(f => f.Key, StringComparer.Ordinal).AsEnumerable() : fields)
                {
                    output.Append(isInline && isFirst ? "" : new string(' ', indent)).Append(Scalar(key)).Append(':');
                    isFirst = false;
                    // Lists stand where their key does, as kubectl and Helm write them.
                    Child(output, value, value is JsonArray ? indent : indent + 2, sorted);
                }
                break;
            case JsonArray { Count: > 0 } items:
                var isFirstItem = true;
                foreach (var item in items)
                {
                    output.Append(isInline && isFirstItem ? "" : new string(' ', indent)).Append('-');
                    isFirstItem = false;
                    if (item is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
                    {
                        output.Append(' ');
                        Write(output, item, indent + 2, sorted, isInline: true);
                    }
                    else
                    {
                        Child(output, item, indent + 2, sorted);
                    }
                }
                break;
            default:
                output.Append(Leaf(node)).Append('\n');
                break;
        }
    }

    private static void Child(StringBuilder output, JsonNode? value, int indent, bool sorted)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            output.Append('\n');
            Write(output, value, indent, sorted, isInline: false);
        }
        else
        {
            output.Append(' ').Append(Leaf(value)).Append('\n');
        }
    }

    private static string Leaf(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        JsonValue value when value.TryGetValue<string>(out var text) => Scalar(text),
        _ => node.ToJsonString(),
    };

    private static string Scalar(string text) =>
        Plain().IsMatch(text) && !Special().IsMatch(text) && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? text
            : JsonValue.Create(text).ToJsonString(Relaxed);

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What no reader takes for anything but a string.
    [GeneratedRegex(@"^[A-Za-z0-9_./$][A-Za-z0-9_./$()=+-]*( [A-Za-z0-9_./$()=+,-]+)*$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(true|false|null|yes|no|on|off|y|n|~|0[xo].*|\d{4}-\d\d-\d\d.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex Special();
}
