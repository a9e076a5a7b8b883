using System.Text.Json;
using System.Text.Json.Nodes;

namespace NodeMesh.Agent.CniChain;

/// <summary>
/// The network configuration with our plugin at the end of the chain. It is a file of our own that comes first, and otherwise
/// says what the cluster's does: so nobody else's file is touched, who rewrites theirs does not throw the plugin out, and to
/// uninstall is to delete one file.
/// </summary>
internal static class ChainFile
{
    public const string PluginType = "nodemesh-cni";

    /// <summary>Container runtimes take the first by name.</summary>
    public const string Name = "00-00-nodemesh.conflist";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The file's text; null when there is nothing to chain to, with the reason why.</summary>
    /// <param name="files">The files of the directory, by name.</param>
    public static string? Compose(IReadOnlyDictionary<string, string> files, ChainOptions options, out string problem)
    {
        problem = "there is no network configuration yet to put the plugin behind";
        foreach (var (name, text) in files.Where(f => IsConfiguration(f.Key)).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (AsList(text) is not { } list)
            {
                continue; // as the container runtimes do with what they can't read
            }
            var plugins = list["plugins"]!.AsArray();
            if (plugins.Any(p => p?["type"]?.ToString() == "multus"))
            {
                problem = $"{name} is that of Multus, which makes a chain of its own: put {Entry(options).ToJsonString()} behind the plugins of its default network";
                return null;
            }
            problem = "";
            plugins.Add((JsonNode)Entry(options));
            return list.ToJsonString(Indented) + "\n";
        }
        return null;
    }

    private static bool IsConfiguration(string name) =>
        name != Name && Path.GetExtension(name) is ".conflist" or ".conf" or ".json";

    private static JsonObject? AsList(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject read)
            {
                return null;
            }
            if (read["plugins"] is JsonArray { Count: > 0 } plugins)
            {
                foreach (var stale in plugins.Where(p => p?["type"]?.ToString() == PluginType).ToList())
                {
                    plugins.Remove(stale);
                }
                return read;
            }
            if (read["type"] is null)
            {
                return null;
            }
            var list = new JsonObject { ["cniVersion"] = read["cniVersion"]?.DeepClone(), ["name"] = read["name"]?.DeepClone(), ["plugins"] = new JsonArray() };
            list["plugins"]!.AsArray().Add((JsonNode)read);
            return list;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonObject Entry(ChainOptions options) => new()
    {
        ["type"] = PluginType,
        ["socket"] = options.Socket,
        ["timeoutSeconds"] = options.TimeoutSeconds,
        ["onAgentFailure"] = options.OnAgentFailure,
        ["excludeNamespaces"] = new JsonArray([.. options.ExcludedNamespaces.Select(n => (JsonNode)n)]),
    };
}
