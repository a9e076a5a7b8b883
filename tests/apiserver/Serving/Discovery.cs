using System.Text.Json.Nodes;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>What a client such as kubectl asks to learn which types there are.</summary>
internal sealed class Discovery(ObjectStore store)
{
    /// <summary>null: no path of discovery.</summary>
    public JsonObject? Answer(string path)
    {
        var types = store.Types;
        switch (path.Trim('/').Split('/'))
        {
            case ["version"]:
                return new JsonObject { ["major"] = "1", ["minor"] = "34", ["gitVersion"] = "v1.34.0-test", ["platform"] = "linux/amd64" };
            case ["api"]:
                return new JsonObject { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1") };
            case ["apis"]:
                var groups = types.Where(type => type.Group.Length > 0).GroupBy(type => type.Group).Select(group => Group(group.Key, group));
                return new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. groups]) };
            case ["apis", var group] when types.Any(type => type.Group == group):
                return Group(group, types.Where(type => type.Group == group));
            case ["api", var version]:
                return Resources(version, types.Where(type => type.Group.Length == 0 && type.Version == version));
            case ["apis", var group, var version] when types.Any(type => type.Group == group && type.Version == version):
                return Resources($"{group}/{version}", types.Where(type => type.Group == group && type.Version == version));
            default:
                return null;
        }
    }

    private static JsonObject Group(string name, IEnumerable<ResourceType> types)
    {
        var versions = types.Select(type => type.Version).Distinct().Select(version => new JsonObject { ["groupVersion"] = $"{name}/{version}", ["version"] = version }).ToList();
        return new JsonObject
        {
            ["kind"] = "APIGroup",
            ["apiVersion"] = "v1",
            ["name"] = name,
            ["versions"] = new JsonArray([.. versions]),
            ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    private static JsonObject Resources(string groupVersion, IEnumerable<ResourceType> types)
    {
        var resources = new JsonArray();
        foreach (var type in types)
        {
            resources.Add(new JsonObject
            {
                ["name"] = type.Plural,
                ["singularName"] = type.Kind.ToLowerInvariant(),
                ["namespaced"] = type.IsNamespaced,
                ["kind"] = type.Kind,
                ["shortNames"] = new JsonArray([.. type.ShortNames.Select(name => JsonValue.Create(name))]),
                ["verbs"] = new JsonArray("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
            });
            if (type.HasStatus)
            {
                resources.Add(new JsonObject
                {
                    ["name"] = $"{type.Plural}/status", ["singularName"] = "", ["namespaced"] = type.IsNamespaced, ["kind"] = type.Kind, ["verbs"] = new JsonArray("get", "patch", "update"),
                });
            }
        }
        return new JsonObject { ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = groupVersion, ["resources"] = resources };
    }
}
