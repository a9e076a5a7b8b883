using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Traffic;

/// <summary>Workloads, and what each says to others.</summary>
internal sealed class ServiceGraph
{
    private const string Unknown = "unknown";

    private readonly IReadOnlyList<FlowRow> _edges;

    private ServiceGraph(IReadOnlyList<FlowRow> edges) => _edges = edges;

    /// <param name="only">The namespace one end is in; null: any.</param>
    /// <param name="withSilent">Also what carried nothing lately.</param>
    public static ServiceGraph Of(IReadOnlyList<FlowRow> rows, string? only, bool withSilent)
    {
        var asked = rows.Where(row => row.HasRequests).Select(row => (row.Key.SourceNamespace, row.Key.Source, row.Key.Service)).ToHashSet();
        return new ServiceGraph([.. rows.Where(row =>
            (only is null || row.Key.SourceNamespace == only || row.Key.DestinationNamespace == only)
            && (withSilent || row.Rate > 0)
            // A connection to a cluster IP whose requests have edges of their own.
            && (row.HasRequests || row.Key.Destination != Unknown || !asked.Contains((row.Key.SourceNamespace, row.Key.Source, row.Key.Service))))]);
    }

    public string ToText()
    {
        if (_edges.Count == 0)
        {
            return "nobody has called anybody meanwhile: look longer with --seconds, or add --all for what was before\n";
        }
        var rows = new JsonArray([.. _edges.Select(edge => (JsonNode)Json(edge))]);
        return OutputOption.Table(
            rows,
            [
                Column.Of("FROM", "source"), Column.Of("TO", "destination"), Column.Of("SERVICE", "service"), Column.Of("PROTOCOL", "protocol"), Column.Of("SECURITY", "security"),
                new Column("RATE", row => $"{row["rate"]!.GetValue<double>():0.0} {row["unit"]}"),
                new Column("SUCCESS", row => row["success"] is { } share ? Percent(share.GetValue<double>()) : null),
                new Column("P50", row => Milliseconds(row["p50Seconds"])), new Column("P99", row => Milliseconds(row["p99Seconds"])),
            ]);
    }

    /// <summary>For Graphviz.</summary>
    public string ToDot()
    {
        var text = new StringBuilder("digraph mesh {\n  rankdir=LR\n  node [shape=box]\n");
        foreach (var edge in _edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {Quoted(From(edge))} -> {Quoted(To(edge))} [label={Quoted(Label(edge))}{(IsGood(edge) ? "" : ", color=red")}]\n");
        }
        return text.Append("}\n").ToString();
    }

    /// <summary>For Mermaid (GitHub, GitLab and many wikis draw it).</summary>
    public string ToMermaid()
    {
        var names = _edges.SelectMany(edge => new[] { From(edge), To(edge) }).Distinct().Index().ToDictionary(name => name.Item, name => $"w{name.Index}");
        var text = new StringBuilder("flowchart LR\n");
        foreach (var (name, id) in names)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {id}[{Quoted(name)}]\n");
        }
        foreach (var (index, edge) in _edges.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"  {names[From(edge)]} -->|{Quoted(Label(edge))}| {names[To(edge)]}\n");
            if (!IsGood(edge))
            {
                text.Append(CultureInfo.InvariantCulture, $"  linkStyle {index} stroke:red\n");
            }
        }
        return text.ToString();
    }

    public string ToJson() => new JsonArray([.. _edges.Select(edge => (JsonNode)Json(edge))]).ToString();

    private static JsonObject Json(FlowRow edge) => new()
    {
        ["source"] = From(edge),
        ["destination"] = To(edge),
        ["service"] = edge.Key.Service,
        ["protocol"] = edge.IsGrpc ? "grpc" : edge.Key.Protocol,
        ["security"] = string.Join(", ", edge.Security),
        ["rate"] = edge.Rate,
        ["unit"] = edge.HasRequests ? "req/s" : "conn/s",
        ["success"] = edge.Success,
        ["p50Seconds"] = edge.Median?.TotalSeconds,
        ["p99Seconds"] = edge.Percentile99?.TotalSeconds,
        ["sentBytes"] = edge.Sent,
        ["receivedBytes"] = edge.Received,
    };

    private static string From(FlowRow edge) => Named(edge.Key.SourceNamespace, edge.Key.Source);

    // What no pod took is named by the Service it was for.
    private static string To(FlowRow edge) => edge.Key is { Destination: Unknown, Service.Length: > 0 } ? $"Service {edge.Key.Service}" : Named(edge.Key.DestinationNamespace, edge.Key.Destination);

    private static string Named(string home, string name) => name == Unknown ? Unknown : $"{home}/{name}";

    private static bool IsGood(FlowRow edge) => edge.Success is null or >= 0.99;

    private static string Label(FlowRow edge) => string.Create(
        CultureInfo.InvariantCulture, $"{edge.Rate:0.0} {(edge.HasRequests ? "req/s" : "conn/s")}{(edge.Success is { } share ? $", {Percent(share)}" : "")}{(edge.Percentile99 is { } p99 ? $", p99 {p99.TotalMilliseconds:0.0} ms" : "")}");

    // Never rounded up to 100 %.
    private static string Percent(double share) => share >= 1 ? "100 %" : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 1000) / 10:0.0} %");

    private static string? Milliseconds(JsonNode? seconds) => seconds is null ? null : string.Create(CultureInfo.InvariantCulture, $"{seconds.GetValue<double>() * 1000:0.0} ms");

    private static string Quoted(string text) => $"\"{text.Replace('"', '\'')}\"";
}
