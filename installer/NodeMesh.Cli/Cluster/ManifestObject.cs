using System.Text.Json.Nodes;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Cluster;

/// <summary>An object of a manifest, and its path in the API.</summary>
internal sealed record ManifestObject(JsonObject Json)
{
    // The kinds that the chart has; the API's own list of them need not be asked for.
    private static readonly Dictionary<string, (string Plural, bool IsNamespaced)> Kinds = new(StringComparer.Ordinal)
    {
        ["Namespace"] = ("namespaces", false),
        ["ServiceAccount"] = ("serviceaccounts", true),
        ["ClusterRole"] = ("clusterroles", false),
        ["ClusterRoleBinding"] = ("clusterrolebindings", false),
        ["Role"] = ("roles", true),
        ["RoleBinding"] = ("rolebindings", true),
        ["DaemonSet"] = ("daemonsets", true),
        ["PodMonitor"] = ("podmonitors", true),
        ["CustomResourceDefinition"] = ("customresourcedefinitions", false),
    };

    public string Kind => Json["kind"]!.ToString();

    public string Name => Json["metadata"]!["name"]!.ToString();

    public string Path
    {
        get
        {
            var (plural, isNamespaced) = Kinds[Kind];
            var apiVersion = Json["apiVersion"]!.ToString();
            var root = apiVersion.Contains('/') ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
            return isNamespaced ? $"{root}/namespaces/{Json["metadata"]!["namespace"]}/{plural}/{Name}" : $"{root}/{plural}/{Name}";
        }
    }

    public static IReadOnlyList<ManifestObject> ReadAll(string manifests) => [.. YamlReader.ReadAll(manifests).OfType<JsonObject>().Select(json => new ManifestObject(json))];

    public override string ToString() => $"{Kind} {Name}";
}
