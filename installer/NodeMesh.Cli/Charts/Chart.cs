using System.Reflection;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Charts;

/// <summary>The Helm chart, which this program carries: the one source of every manifest.</summary>
internal static class Chart
{
    private const string Prefix = "chart/";

    // As Helm has it: they are installed, and not deleted, since everything that was made by them would be deleted too.
    private const string Definitions = "crds/";

    // The order in which they are applied; they are deleted the other way round.
    private static readonly string[] Templates = ["namespace.yaml", "serviceaccount.yaml", "rbac.yaml", "daemonset.yaml", "podmonitor.yaml", "prometheusrule.yaml", "dashboards.yaml"];

    public static JsonObject DefaultValues() => (JsonObject)YamlReader.ReadAll(Read("values.yaml"))[0];

    /// <summary>All that an installation needs: the definitions of the mesh's own kinds, and what the values make of the chart.</summary>
    /// <exception cref="TemplateException">A value is missing or of the wrong kind.</exception>
    public static string RenderWhole(JsonObject values, string @namespace)
    {
        var definitions = Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Definitions, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return string.Join("---\n", definitions.Select(name => ReadResource(name).Trim() + "\n").Append(Render(values, @namespace)));
    }

    /// <summary>What the values make of it, as text, in the order in which it is to be applied.</summary>
    /// <exception cref="TemplateException">A value is missing or of the wrong kind.</exception>
    public static string Render(JsonObject values, string @namespace)
    {
        var scope = new JsonObject
        {
            ["Values"] = values.DeepClone(),
            ["Release"] = new JsonObject { ["Namespace"] = @namespace, ["Name"] = "nodemesh" },
            ["Chart"] = new JsonObject { ["AppVersion"] = Version },
            [nameof(Files)] = new JsonObject(Files.Select(file => KeyValuePair.Create(file[Prefix.Length..], (JsonNode?)ReadResource(file)))),
        };
        return string.Join("---\n", Templates.Select(t => Template.Render(Read($"templates/{t}"), scope).Trim()).Where(t => t.Length > 0).Select(t => t + "\n"));
    }

    private static IEnumerable<string> Files => Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith($"{Prefix}files/", StringComparison.Ordinal));

    public static string Version { get; } = YamlReader.ReadAll(Read("Chart.yaml"))[0]["appVersion"]!.ToString();

    private static string Read(string name) => ReadResource(Prefix + name);

    private static string ReadResource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} of the chart is not in this program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
