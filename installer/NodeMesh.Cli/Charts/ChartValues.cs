using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Yaml;

namespace NodeMesh.Cli.Charts;

/// <summary>The chart's values, with those of files and of --set over them.</summary>
internal static class ChartValues
{
    // What goes into the pod as it is: Kubernetes knows what it may hold.
    private static readonly string[] Free = ["podAnnotations.", "podLabels.", "nodeSelector.", "affinity.", "agent.resources.", "proxy.resources.", "podMonitor.labels."];

    /// <exception cref="TemplateException">A value that the chart does not have, or text that is no YAML.</exception>
    public static JsonObject Of(IEnumerable<string> files, IEnumerable<string> settings)
    {
        var values = Chart.DefaultValues();
        foreach (var file in files)
        {
            try
            {
                foreach (var document in YamlReader.ReadAll(File.ReadAllText(file)).OfType<JsonObject>())
                {
                    Overlay(values, document, file);
                }
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
            {
                throw new TemplateException($"--values {file}: {e.Message}");
            }
        }
        foreach (var setting in settings)
        {
            Set(values, setting);
        }
        return values;
    }

    private static void Set(JsonObject values, string setting)
    {
        if (setting.Split('=', 2) is not [var path, var text])
        {
            throw new TemplateException($"--set {setting}: give NAME=VALUE, such as cni.enabled=false");
        }
        var names = path.Split('.');
        var overlay = new JsonObject { [names[^1]] = YamlReader.Scalar(text) };
        overlay = names[..^1].Reverse().Aggregate(overlay, (inner, name) => new JsonObject { [name] = inner });
        Overlay(values, overlay, $"--set {setting}");
    }

    private static void Overlay(JsonObject below, JsonObject over, string source, string path = "")
    {
        var isFree = Free.Any(free => path.StartsWith(free, StringComparison.Ordinal));
        foreach (var (name, value) in over)
        {
            if (!isFree && !below.ContainsKey(name))
            {
                throw new TemplateException($"{source}: the chart has no value {path}{name}; it has {string.Join(", ", below.Select(b => path + b.Key))}");
            }
            var known = below[name];
            if (!isFree && known is not null && known is JsonObject != value is JsonObject)
            {
                throw new TemplateException($"{source}: the value {path}{name} is {(known is JsonObject ? "a map" : "no map")} in the chart");
            }
            if (known is JsonObject inner && value is JsonObject more)
            {
                Overlay(inner, more, source, $"{path}{name}.");
            }
            else
            {
                below[name] = value?.DeepClone();
            }
        }
    }
}
