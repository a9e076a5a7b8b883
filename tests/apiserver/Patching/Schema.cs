using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Patching;

/// <summary>The structural schema of a custom resource: says what is valid, and how lists merge.</summary>
public sealed record Schema(JsonObject Json)
{
    public Schema? Property(string name) =>
        Json["properties"]?[name] is JsonObject property ? new Schema(property)
        : Json["additionalProperties"] is JsonObject any ? new Schema(any)
        : null;

    public Schema? Items => Json["items"] is JsonObject items ? new Schema(items) : null;

    /// <summary>null: the list is a set, or atomic.</summary>
    public IReadOnlyList<string>? MapKeys =>
        (string?)Json["x-kubernetes-list-type"] == "map" ? [.. Json["x-kubernetes-list-map-keys"]!.AsArray().Select(key => (string)key!)] : null;

    public bool IsSet => (string?)Json["x-kubernetes-list-type"] == "set";

    public bool IsAtomicMap => (string?)Json["x-kubernetes-map-type"] == "atomic";

    /// <summary>Takes away what the schema does not know, fills in defaults, and says what is wrong.</summary>
    public IEnumerable<string> Check(JsonNode? value, string path)
    {
        var problems = new List<string>();
        Check(value, path, problems);
        return problems;
    }

    private void Check(JsonNode? value, string path, List<string> problems)
    {
        if (value is null)
        {
            return;
        }
        if ((string?)Json["type"] is { } type && !Fits(type, value))
        {
            problems.Add($"{path}: Invalid value: {value.ToJsonString()}: must be of type {type}");
            return;
        }
        if (Json["enum"] is JsonArray options && !options.Any(option => JsonNode.DeepEquals(option, value)))
        {
            problems.Add($"{path}: Unsupported value: {value.ToJsonString()}: supported values: {options.ToJsonString()}");
        }
        switch (value)
        {
            case JsonObject map:
                CheckMap(map, path, problems);
                break;
            case JsonArray list:
                CheckList(list, path, problems);
                break;
            case JsonValue scalar:
                CheckScalar(scalar, path, problems);
                break;
        }
    }

    private void CheckMap(JsonObject map, string path, List<string> problems)
    {
        foreach (var name in (Json["required"] as JsonArray ?? []).Select(name => (string)name!).Where(name => !map.ContainsKey(name)))
        {
            if (Property(name)?.Json["default"] is null)
            {
                problems.Add($"{path}.{name}: Required value");
            }
        }
        if (Json["properties"] is JsonObject properties)
        {
            foreach (var (name, property) in properties)
            {
                if (!map.ContainsKey(name) && property!["default"] is { } given)
                {
                    map[name] = given.DeepClone();
                }
            }
        }
        foreach (var name in map.Select(property => property.Key).ToList())
        {
            if (Property(name) is { } schema)
            {
                schema.Check(map[name], $"{path}.{name}", problems);
            }
            else if (Json["properties"] is JsonObject && (bool?)Json["x-kubernetes-preserve-unknown-fields"] != true)
            {
                map.Remove(name);
            }
        }
    }

    private void CheckList(JsonArray list, string path, List<string> problems)
    {
        if ((int?)Json["maxItems"] is { } most && list.Count > most)
        {
            problems.Add($"{path}: Too many: {list.Count}: must have at most {most} items");
        }
        if ((int?)Json["minItems"] is { } least && list.Count < least)
        {
            problems.Add($"{path}: Invalid value: {list.Count}: should have at least {least} items");
        }
        for (var i = 0; i < list.Count; i++)
        {
            Items?.Check(list[i], $"{path}[{i}]", problems);
        }
        if (MapKeys is { } keys && list.Select(item => ListKeys.KeyOf(item!, keys)).GroupBy(key => key).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            problems.Add($"{path}: Duplicate value: {twice.Key}");
        }
    }

    private void CheckScalar(JsonValue value, string path, List<string> problems)
    {
        if (value.GetValueKind() == JsonValueKind.String)
        {
            var text = (string)value!;
            if ((int?)Json["maxLength"] is { } most && text.Length > most)
            {
                problems.Add($"{path}: Too long: may not be more than {most} bytes");
            }
            if ((int?)Json["minLength"] is { } least && text.Length < least)
            {
                problems.Add($"{path}: Invalid value: should be at least {least} chars long");
            }
            if ((string?)Json["pattern"] is { } pattern && !System.Text.RegularExpressions.Regex.IsMatch(text, pattern))
            {
                problems.Add($"{path}: Invalid value: \"{text}\": should match '{pattern}'");
            }
        }
        else if (value.GetValueKind() == JsonValueKind.Number)
        {
            var number = (double)value;
            if (((double?)Json["minimum"] is { } least && number < least) || ((double?)Json["maximum"] is { } most && number > most))
            {
                problems.Add($"{path}: Invalid value: {number}: should be {(string?)Json["minimum"]?.ToString()} to {Json["maximum"]}");
            }
        }
    }

    private static bool Fits(string type, JsonNode value) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value.GetValueKind() == JsonValueKind.String,
        "boolean" => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.GetValueKind() == JsonValueKind.Number && (double)value % 1 == 0,
        "number" => value.GetValueKind() == JsonValueKind.Number,
        _ => true,
    };
}
