using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Top;

/// <summary>A row: rates are of the time between the two last looks.</summary>
/// <param name="Success">Share of requests, or of connections where there were none, that ended well; null: none ended.</param>
/// <param name="Cpu">Of pods alone: the part of a core that the proxy spends on it.</param>
internal sealed record TopRow(string Name, double Rate, bool IsRequests, double? Success, double? Median, double? Percentile99, double BytesPerSecond, double? Cpu = null, double? Open = null)
{
    public JsonNode ToJson() => new JsonObject
    {
        ["name"] = Name, ["perSecond"] = Rate, ["of"] = IsRequests ? "requests" : "connections", ["success"] = Success, ["p50Seconds"] = Median, ["p99Seconds"] = Percentile99,
        ["bytesPerSecond"] = BytesPerSecond, ["cpu"] = Cpu, ["open"] = Open,
    };
}
