using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Patching;

/// <summary>Sets of fields in the form of managedFields (FieldsV1): a tree whose leaves are empty objects.</summary>
public static class FieldSet
{
    /// <summary>Every field that a value sets.</summary>
    public static JsonObject Of(JsonNode? value, string field, Schema? schema)
    {
        var set = new JsonObject();
        switch (value)
        {
            case JsonObject map when schema?.IsAtomicMap != true:
                foreach (var (name, inner) in map)
                {
                    set[$"f:{name}"] = Of(inner, name, schema?.Property(name));
                }
                break;
            case JsonArray list when ListKeys.Of(field, list, schema) is { } keys:
                foreach (var item in list)
                {
                    var inner = keys.Count == 0 ? [] : Of(item, "", schema?.Items);
                    if (keys.Count > 0)
                    {
                        inner["."] = new JsonObject();
                    }
                    set[ListKeys.KeyOf(item!, keys)] = inner;
                }
                break;
        }
        return set;
    }

    public static IEnumerable<string[]> Leaves(JsonObject set, params string[] above)
    {
        foreach (var (step, inner) in set)
        {
            string[] path = [.. above, step];
            if (inner is JsonObject { Count: > 0 } more)
            {
                foreach (var leaf in Leaves(more, path))
                {
                    yield return leaf;
                }
            }
            else
            {
                yield return path;
            }
        }
    }

    public static bool Contains(JsonObject set, string[] path)
    {
        JsonNode? node = set;
        foreach (var step in path)
        {
            node = (node as JsonObject)?[step];
        }
        return node is not null;
    }

    public static void Add(JsonObject set, string[] path)
    {
        foreach (var step in path)
        {
            if (set[step] is not JsonObject inner)
            {
                set[step] = inner = [];
            }
            set = inner;
        }
    }

    public static void Remove(JsonObject set, ReadOnlySpan<string> path)
    {
        if (path.Length == 1)
        {
            set.Remove(path[0]);
        }
        else if (set[path[0]] is JsonObject inner)
        {
            Remove(inner, path[1..]);
            if (inner.Count == 0)
            {
                set.Remove(path[0]);
            }
        }
    }

    /// <summary>The value that a path leads to.</summary>
    public static JsonNode? Find(JsonNode? value, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            value = step == "." ? value : step.StartsWith("f:", StringComparison.Ordinal) ? (value as JsonObject)?[step[2..]] : Item(value as JsonArray, step);
        }
        return value;
    }

    /// <summary>Takes the value at a path away, and the maps and lists that are empty without it.</summary>
    public static void Cut(JsonNode? value, ReadOnlySpan<string> path)
    {
        if (path.Length == 0 || value is null)
        {
            return;
        }
        var (step, isLast) = (path[0], path.Length == 1 || (path.Length == 2 && path[1] == "."));
        switch (value)
        {
            case JsonObject map when step.StartsWith("f:", StringComparison.Ordinal):
                if (isLast)
                {
                    map.Remove(step[2..]);
                }
                else if (map[step[2..]] is { } inner)
                {
                    Cut(inner, path[1..]);
                    if (inner is JsonObject { Count: 0 } or JsonArray { Count: 0 })
                    {
                        map.Remove(step[2..]);
                    }
                }
                break;
            case JsonArray list when Item(list, step) is { } item:
                if (isLast)
                {
                    list.Remove(item);
                }
                else
                {
                    Cut(item, path[1..]);
                }
                break;
        }
    }

    private static JsonNode? Item(JsonArray? list, string step)
    {
        if (list is null)
        {
            return null;
        }
        if (step.StartsWith("v:", StringComparison.Ordinal))
        {
            return list.FirstOrDefault(item => $"v:{item!.ToJsonString()}" == step);
        }
        var keys = JsonNode.Parse(step[2..])!.AsObject();
        return list.FirstOrDefault(item => ListKeys.KeyOf(item!, [.. keys.Select(key => key.Key)]) == step);
    }
}
