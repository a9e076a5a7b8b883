using System.Reflection;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Charts;

/// <summary>The Helm chart, which this program carries: the one source of every manifest.</summary>
internal static class Chart
{
    private const string Prefix = "chart/";

    // The order in which they are applied; they are deleted the other way round.
    private static readonly string[] Templates = ["namespace.yaml", "serviceaccount.yaml", "rbac.yaml", "daemonset.yaml", "podmonitor.yaml"];

    public static JsonObject DefaultValues() => (JsonObject)YamlReader.ReadAll(Read("values.yaml"))[0];

    /// <summary>What the values make of it, as text, in the order in which it is to be applied.</summary>
    /// <exception cref="TemplateException">A value is missing or of the wrong kind.</exception>
    public static string Render(JsonObject values, string @namespace)
    {
        var scope = new JsonObject
        {
            ["Values"] = values.DeepClone(),
            ["Release"] = new JsonObject { ["Namespace"] = @namespace, ["Name"] = "nodemesh" },
            ["Chart"] = new JsonObject { ["AppVersion"] = Version },
        };
        return string.Join("---\n", Templates.Select(t => Template.Render(Read($"templates/{t}"), scope).Trim()).Where(t => t.Length > 0).Select(t => t + "\n"));
    }

    public static string Version { get; } = YamlReader.ReadAll(Read("Chart.yaml"))[0]["appVersion"]!.ToString();

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"{name} of the chart is not in this program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
