using System.Globalization;
using System.Text;
using Google.Protobuf;
using NodeMesh.Agent.Compiler;

namespace NodeMesh.Agent.Serving;

/// <summary>The answer of /config: what the proxies are told, in the proto3 JSON mapping.</summary>
internal static class ConfigJson
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithIndentation().WithFormatDefaultValues(true));

    public static string Write(ulong version, ulong? applied, MeshSnapshotContent content)
    {
        var json = new StringBuilder();
        json.Append(CultureInfo.InvariantCulture, $"{{\n\"version\": {version},\n\"proxyVersion\": {applied?.ToString(CultureInfo.InvariantCulture) ?? "null"},\n\"services\": [");
        Append(json, content.Services.Values);
        json.Append("],\n\"routes\": [");
        Append(json, content.Routes.Values);
        json.Append("],\n\"policies\": [");
        Append(json, content.Policies.Values);
        json.Append("],\n\"workloads\": [");
        Append(json, content.Workloads.Values);
        return json.Append("]\n}").ToString();
    }

    private static void Append(StringBuilder json, IEnumerable<IMessage> messages)
    {
        var separator = "";
        foreach (var message in messages)
        {
            json.Append(separator).Append(Formatter.Format(message));
            separator = ",\n";
        }
    }
}
