using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Storage;

/// <summary>The metadata that the API server writes itself.</summary>
public static class ObjectMetadata
{
    /// <param name="before">null: the object is new.</param>
    public static void Complete(JsonObject json, ResourceType type, string ns, JsonObject? before)
    {
        json["apiVersion"] = type.ApiVersion;
        json["kind"] = type.Kind;
        var metadata = json["metadata"]!.AsObject();
        if (type.IsNamespaced)
        {
            metadata["namespace"] = ns;
        }
        var old = before?["metadata"] as JsonObject;
        metadata["uid"] = old?["uid"]?.DeepClone() ?? metadata["uid"]?.DeepClone() ?? Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = old?["creationTimestamp"]?.DeepClone() ?? metadata["creationTimestamp"]?.DeepClone()
            ?? DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ");
        metadata["resourceVersion"] = old?["resourceVersion"]?.DeepClone();
        var generation = (long?)old?["generation"] ?? 0;
        metadata["generation"] = before is null || !JsonNode.DeepEquals(Wish(before), Wish(json)) ? generation + 1 : generation;
        if (metadata["labels"] is JsonObject { Count: 0 })
        {
            metadata.Remove("labels");
        }
        if (metadata["annotations"] is JsonObject { Count: 0 })
        {
            metadata.Remove("annotations");
        }
    }

    private static JsonObject Wish(JsonObject json)
    {
        var wish = json.DeepClone().AsObject();
        wish.Remove("metadata");
        wish.Remove("status");
        wish.Remove("apiVersion");
        return wish;
    }
}
