using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>A pod outside the mesh with a collector of the OpenTelemetry protocol, behind the Service otel; what it has been sent.</summary>
internal sealed class CollectorPod
{
    private readonly ConcurrentQueue<JsonObject> _lines = new();

    private CollectorPod(TestPod pod, ChildProcess process)
    {
        Pod = pod;
        Process = process;
    }

    public TestPod Pod { get; }

    public ChildProcess Process { get; }

    /// <summary>By gRPC.</summary>
    public const string Grpc = "collector: {name: otel, port: 4317}";

    /// <summary>Over HTTP/1.1.</summary>
    public const string Http = "collector: {name: otel, port: 4318, protocol: HTTP}";

    public static async Task<CollectorPod> StartAsync(TestPod pod, ResourceDirectory resources)
    {
        var process = await pod.StartAsync(4317, Products.TestApp, "collect");
        var collector = new CollectorPod(pod, process);
        process.Line += line =>
        {
            try
            {
                if (line.StartsWith('{'))
                {
                    collector._lines.Enqueue(JsonNode.Parse(line)!.AsObject());
                }
            }
            catch (System.Text.Json.JsonException)
            {
                // It was killed in the middle of a line.
            }
        };
        resources.Service("otel", pod.Name, [IPAddress.Parse("10.96.0.99")], "name: grpc, port: 4317, targetPort: 4317", "name: http, port: 4318, targetPort: 4318");
        return collector;
    }

    /// <param name="signal">span or log.</param>
    public IReadOnlyList<JsonObject> Of(string signal, Func<JsonObject, bool> which) => [.. _lines.Where(line => (string?)line["signal"] == signal && which(line))];

    /// <summary>So many that match, once they have come.</summary>
    public Task<IReadOnlyList<JsonObject>> ReceivesAsync(string signal, int count, Func<JsonObject, bool> which) =>
        Eventually.HoldsAsync($"{count} of {signal}", () => Task.FromResult(Of(signal, which)), found => found.Count >= count, TimeSpan.FromSeconds(20));
}
