using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Patching;

/// <summary>By what the items of a list are told apart, where they are. Custom resources say it in their schema; Kubernetes' own kinds have this table.</summary>
public static class ListKeys
{
    /// <summary>null: the list is atomic. Empty: a set of scalars.</summary>
    public static IReadOnlyList<string>? Of(string field, JsonArray list, Schema? schema)
    {
        if (schema is not null)
        {
            return schema.MapKeys ?? (schema.IsSet ? [] : null);
        }
        return field switch
        {
            "containers" or "initContainers" or "volumes" or "env" or "imagePullSecrets" => ["name"],
            "conditions" => ["type"],
            "ownerReferences" => ["uid"],
            "finalizers" => [],
            "podIPs" or "hostIPs" => ["ip"],
            "volumeMounts" => ["mountPath"],
            "ports" when list.All(item => item is JsonObject port && port.ContainsKey("containerPort")) => ["containerPort", "protocol"],
            "ports" when list.All(item => item is JsonObject port && port.ContainsKey("port") && !port.ContainsKey("appProtocol")) => ["port", "protocol"],
            _ => null,
        };
    }

    public static string KeyOf(JsonNode item, IReadOnlyList<string> keys)
    {
        if (keys.Count == 0)
        {
            return $"v:{item.ToJsonString()}";
        }
        var key = new JsonObject();
        foreach (var name in keys)
        {
            key[name] = item[name]?.DeepClone() ?? (name == "protocol" ? "TCP" : null);
        }
        return $"k:{key.ToJsonString()}";
    }
}
