using System.Text.Json;
using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>A port by number or by name; anything else that is one or the other.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
internal readonly record struct IntOrString(int Number, string? Name);

internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt32(out var number) => new IntOrString(number, null),
        JsonTokenType.String => new IntOrString(0, reader.GetString()),
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Name is { } name)
        {
            writer.WriteStringValue(name);
        }
        else
        {
            writer.WriteNumberValue(value.Number);
        }
    }
}
