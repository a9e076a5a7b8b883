using System.Text.Json;
using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Monitoring;

/// <summary>A Grafana dashboard as it is shipped.</summary>
internal sealed class Dashboard(string name) : IDisposable
{
    private readonly JsonDocument _json = JsonDocument.Parse(File.ReadAllText($"{Products.Repository}/installer/grafana/{name}.json"));

    public static IEnumerable<string> Names => Directory.GetFiles($"{Products.Repository}/installer/grafana", "*.json").Select(file => Path.GetFileNameWithoutExtension(file));

    /// <summary>What each panel asks, with every variable at "all" and rates over so much time.</summary>
    public IEnumerable<(string Panel, string Query)> Queries(string rateInterval) =>
        from panel in _json.RootElement.GetProperty("panels").EnumerateArray()
        where panel.TryGetProperty("targets", out _)
        from target in panel.GetProperty("targets").EnumerateArray()
        select (panel.GetProperty("title").GetString()!, Fill(target.GetProperty("expr").GetString()!, rateInterval));

    public void Dispose() => _json.Dispose();

    private static string Fill(string query, string rateInterval) =>
        Regex.Replace(query.Replace("$__rate_interval", rateInterval, StringComparison.Ordinal), @"\$(service|namespace|workload|instance)\b", ".*");
}
