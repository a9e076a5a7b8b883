using System.Text.Json.Nodes;
using NodeMesh.TestApiServer.Serving;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Patching;

/// <summary>Server-side apply, and the book-keeping of who has set which field.</summary>
public static class FieldManagers
{
    /// <summary>Names and what the API server writes itself belong to nobody.</summary>
    private static readonly string[] Nobodys =
        ["apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion", "metadata.generation", "metadata.creationTimestamp", "metadata.managedFields"];

    /// <exception cref="ApiRefusalException">Another manager has set one of the fields to something else.</exception>
    public static JsonObject Apply(JsonObject live, JsonObject applied, ResourceType type, string manager, string subresource, bool isForced)
    {
        var wish = Strip(applied);
        var result = live.DeepClone().AsObject();
        var entries = Entries(result);
        var own = entries.FirstOrDefault(entry => Is(entry, manager, "Apply", subresource));
        var before = own?["fieldsV1"]?.AsObject() ?? [];
        var now = FieldSet.Of(wish, "", type.Schema);

        // :: Step 1: What others own and shall have another value now.
        var conflicts = new List<(JsonObject Entry, string[] Path)>();
        foreach (var entry in entries.Where(entry => entry != own))
        {
            conflicts.AddRange(FieldSet.Leaves(now)
                .Where(path => FieldSet.Contains(entry["fieldsV1"]!.AsObject(), path) && !JsonNode.DeepEquals(FieldSet.Find(live, path), FieldSet.Find(wish, path)))
                .Where(path => path[^1] != ".")
                .Select(path => (entry, path)));
        }
        if (conflicts.Count > 0 && !isForced)
        {
            throw new ApiRefusalException(409, "Conflict", $"Apply failed with {conflicts.Count} conflict{(conflicts.Count == 1 ? "" : "s")}: conflict with "
                + string.Join(", ", conflicts.Select(conflict => $"\"{conflict.Entry["manager"]}\": .{string.Join('.', conflict.Path.Select(step => step[2..]))}")));
        }
        foreach (var (entry, path) in conflicts)
        {
            FieldSet.Remove(entry["fieldsV1"]!.AsObject(), path);
        }

        // :: Step 2: What is wished, into what is there; what is wished no longer and nobody else's, out of it.
        Merge(result, wish, "", type.Schema);
        foreach (var path in FieldSet.Leaves(before).Where(path => !FieldSet.Contains(now, path)).ToList())
        {
            if (!entries.Any(entry => entry != own && FieldSet.Contains(entry["fieldsV1"]!.AsObject(), path)))
            {
                FieldSet.Cut(result, path);
            }
        }

        // :: Step 3: Who owns what.
        if (own is not null)
        {
            entries.Remove(own);
        }
        if (now.Count > 0)
        {
            entries.Add(Entry(manager, "Apply", subresource, type, now, own is not null && JsonNode.DeepEquals(before, now) ? own["time"] : null));
        }
        Write(result, entries);
        return result;
    }

    /// <summary>After any other write: what has changed is the writer's now.</summary>
    public static void Note(JsonObject? before, JsonObject after, ResourceType type, string manager, string subresource)
    {
        after["metadata"]!.AsObject()["managedFields"] = before?["metadata"]?["managedFields"]?.DeepClone();
        var entries = Entries(after);
        var changed = FieldSet.Leaves(FieldSet.Of(Strip(after), "", type.Schema))
            .Where(path => path[^1] != "." && !JsonNode.DeepEquals(FieldSet.Find(before, path), FieldSet.Find(after, path))).ToList();
        foreach (var path in changed)
        {
            entries.ForEach(entry => FieldSet.Remove(entry["fieldsV1"]!.AsObject(), path));
        }
        foreach (var entry in entries)
        {
            var owned = entry["fieldsV1"]!.AsObject();
            foreach (var gone in FieldSet.Leaves(owned).Where(path => FieldSet.Find(after, path) is null).ToList())
            {
                FieldSet.Remove(owned, gone);
            }
        }
        if (changed.Count > 0)
        {
            var own = entries.FirstOrDefault(entry => Is(entry, manager, "Update", subresource));
            if (own is null)
            {
                entries.Add(own = Entry(manager, "Update", subresource, type, [], null));
            }
            changed.ForEach(path => FieldSet.Add(own["fieldsV1"]!.AsObject(), path));
        }
        Write(after, entries);
    }

    private static List<JsonObject> Entries(JsonObject json) =>
        [.. (json["metadata"]?["managedFields"] as JsonArray ?? []).Select(entry => entry!.DeepClone().AsObject())];

    private static void Write(JsonObject json, List<JsonObject> entries)
    {
        entries.RemoveAll(entry => entry["fieldsV1"] is not JsonObject { Count: > 0 });
        var metadata = json["metadata"]!.AsObject();
        metadata.Remove("managedFields");
        if (entries.Count > 0)
        {
            metadata["managedFields"] = new JsonArray([.. entries.Select(entry => (JsonNode)entry.DeepClone())]);
        }
    }

    private static bool Is(JsonObject entry, string manager, string operation, string subresource) =>
        (string?)entry["manager"] == manager && (string?)entry["operation"] == operation && ((string?)entry["subresource"] ?? "") == subresource;

    private static JsonObject Entry(string manager, string operation, string subresource, ResourceType type, JsonObject fields, JsonNode? time)
    {
        var entry = new JsonObject
        {
            ["manager"] = manager,
            ["operation"] = operation,
            ["apiVersion"] = type.ApiVersion,
            ["time"] = time?.DeepClone() ?? DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ"),
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = fields.DeepClone(),
        };
        if (subresource.Length > 0)
        {
            entry["subresource"] = subresource;
        }
        return entry;
    }

    private static JsonObject Strip(JsonObject json)
    {
        var stripped = json.DeepClone().AsObject();
        foreach (var path in Nobodys)
        {
            FieldSet.Cut(stripped, [.. path.Split('.').Select(step => $"f:{step}")]);
        }
        return stripped;
    }

    private static void Merge(JsonObject into, JsonObject from, string field, Schema? schema)
    {
        foreach (var (name, value) in from)
        {
            var inner = schema?.Property(name);
            switch (value)
            {
                case JsonObject map when into[name] is JsonObject there && inner?.IsAtomicMap != true:
                    Merge(there, map, name, inner);
                    break;
                case JsonArray list when into[name] is JsonArray there && ListKeys.Of(name, list, inner) is { } keys:
                    MergeList(there, list, keys, inner?.Items);
                    break;
                default:
                    into[name] = value?.DeepClone();
                    break;
            }
        }
    }

    private static void MergeList(JsonArray into, JsonArray from, IReadOnlyList<string> keys, Schema? items)
    {
        foreach (var item in from)
        {
            var same = into.FirstOrDefault(there => ListKeys.KeyOf(there!, keys) == ListKeys.KeyOf(item!, keys));
            if (same is JsonObject there)
            {
                Merge(there, item!.AsObject(), "", items);
            }
            else if (same is null)
            {
                into.Add(item!.DeepClone());
            }
        }
    }
}
