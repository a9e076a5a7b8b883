using System.Text.Json;
using System.Text.Json.Serialization;

namespace NodeMesh.Bench.Works;

/// <summary>What a load generator counted in one run. Latencies in microseconds.</summary>
internal sealed record LoadResult
{
    [JsonPropertyName("requests")] public long Requests { get; init; }
    [JsonPropertyName("errors")] public long Errors { get; init; }
    [JsonPropertyName("error")] public string Error { get; init; } = string.Empty;
    [JsonPropertyName("seconds")] public double Seconds { get; init; }
    [JsonPropertyName("bytes")] public long Bytes { get; init; }
    [JsonPropertyName("p50")] public double P50 { get; init; }
    [JsonPropertyName("p99")] public double P99 { get; init; }
    [JsonPropertyName("p999")] public double P999 { get; init; }

    /// <summary>The line of JSON in what load.c or wrk's script printed.</summary>
    public static LoadResult Parse(string output) =>
        output.Split('\n').FirstOrDefault(l => l.StartsWith('{')) is { } line
            ? JsonSerializer.Deserialize<LoadResult>(line)!
            : throw new BenchException($"the load generator printed no result but: {output.Trim()}");
}
