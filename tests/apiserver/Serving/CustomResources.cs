using System.Text.Json.Nodes;
using NodeMesh.TestApiServer.Patching;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>Serves what CustomResourceDefinitions define.</summary>
public sealed class CustomResources(ObjectStore store)
{
    public void Define(JsonObject definition)
    {
        var spec = definition["spec"]!.AsObject();
        var (group, names) = ((string)spec["group"]!, spec["names"]!);
        foreach (var version in spec["versions"]!.AsArray().Where(version => (bool?)version!["served"] == true))
        {
            store.Serve(new ResourceType(
                group, (string)version!["name"]!, (string)names["kind"]!, (string)names["plural"]!,
                (string?)spec["scope"] == "Namespaced", version["subresources"]?["status"] is not null)
            {
                Schema = version["schema"]?["openAPIV3Schema"] is JsonObject schema ? new Schema(WithMetadata(schema)) : null,
                ShortNames = [.. (names["shortNames"] as JsonArray ?? []).Select(name => (string)name!)],
            });
        }
        store.Change(store.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!, "", (string)definition["metadata"]!["name"]!, before =>
        {
            var json = before!.Open();
            json["status"] = new JsonObject
            {
                ["acceptedNames"] = names.DeepClone(),
                ["storedVersions"] = new JsonArray(spec["versions"]!.AsArray().Where(version => (bool?)version!["storage"] == true).Select(version => version!["name"]!.DeepClone()).ToArray()),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Established", ["status"] = "True", ["reason"] = "InitialNamesAccepted" }),
            };
            return json;
        });
    }

    public void Remove(JsonObject definition) => store.StopServing((string)definition["spec"]!["group"]!, (string)definition["spec"]!["names"]!["plural"]!);

    // The schema says nothing of these, and they stay.
    private static JsonObject WithMetadata(JsonObject schema)
    {
        // Parsed anew: numbers that came by YAML are of fixed types, those of JSON can be read as any.
        var whole = JsonNode.Parse(schema.ToJsonString())!.AsObject();
        if (whole["properties"] is JsonObject properties)
        {
            properties["apiVersion"] = new JsonObject();
            properties["kind"] = new JsonObject();
            properties["metadata"] = new JsonObject { ["x-kubernetes-preserve-unknown-fields"] = true };
        }
        return whole;
    }
}
