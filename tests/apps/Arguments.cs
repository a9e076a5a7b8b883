using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace NodeMesh.TestApp;

/// <summary>Options on the command line and JSON lines on stdin are the same records: <c>--body-size 10</c> is <c>"bodySize": "10"</c>.</summary>
public static class Arguments
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A name with no value, or followed by another name, is true. A name given twice is a list.</summary>
    public static T Parse<T>(ReadOnlySpan<string> arguments)
    {
        var fields = new JsonObject();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                throw new FormatException($"not an option: {arguments[i]}");
            }
            var name = Name(arguments[i][2..]);
            var hasValue = i + 1 < arguments.Length && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            JsonNode value = hasValue ? JsonValue.Create(arguments[++i]) : JsonValue.Create(true);
            if (name == "headers")
            {
                ((JsonArray)(fields[name] ??= new JsonArray())).Add(value);
            }
            else
            {
                fields[name] = value;
            }
        }
        return fields.Deserialize<T>(Json)!;
    }

    public static T FromJson<T>(string line) => JsonSerializer.Deserialize<T>(line, Json)!;

    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, Json);

    private static string Name(string option)
    {
        var words = option.Split('-');
        return words[0] + string.Concat(words.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
