using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Storage;

/// <summary>An object as stored: its JSON, and what lists and watches select by. Immutable.</summary>
public sealed class StoredObject
{
    private StoredObject(ResourceType type, JsonObject json, long version)
    {
        var metadata = json["metadata"]!.AsObject();
        metadata["resourceVersion"] = version.ToString();
        Namespace = (string?)metadata["namespace"] ?? "";
        Name = (string)metadata["name"]!;
        Uid = (string?)metadata["uid"] ?? "";
        Version = version;
        Labels = metadata["labels"] is JsonObject labels ? labels.ToDictionary(label => label.Key, label => (string?)label.Value ?? "") : [];
        Fields = type.SelectableFields.ToDictionary(field => field, field => Read(json, field));
        Fields["metadata.name"] = Name;
        Fields["metadata.namespace"] = Namespace;
        Json = JsonSerializer.SerializeToUtf8Bytes(json);
    }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public long Version { get; }

    public Dictionary<string, string> Labels { get; }

    public Dictionary<string, string> Fields { get; }

    public byte[] Json { get; }

    public string Key => KeyOf(Namespace, Name);

    public static string KeyOf(string ns, string name) => $"{ns}/{name}";

    /// <param name="json">Gets the version written into it.</param>
    public static StoredObject Of(ResourceType type, JsonObject json, long version) => new(type, json, version);

    /// <summary>A copy to be changed.</summary>
    public JsonObject Open() => JsonNode.Parse(Json)!.AsObject();

    private static string Read(JsonObject json, string field)
    {
        JsonNode? node = json;
        foreach (var step in field.Split('.'))
        {
            node = (node as JsonObject)?[step];
        }
        return node switch
        {
            null => "",
            JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.ToString().ToLowerInvariant(),
            _ => node.ToString(),
        };
    }
}
