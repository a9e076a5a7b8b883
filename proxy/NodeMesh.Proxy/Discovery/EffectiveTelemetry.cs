using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry.AccessLogs;

namespace NodeMesh.Proxy.Discovery;

/// <summary>What is to be told of the traffic to one Service port, or by one rule of a route; each part by the most specific policy that has it.</summary>
internal sealed record EffectiveTelemetry(AccessLogEntry? Log, TracingRules? Tracing)
{
    public static EffectiveTelemetry None { get; } = new(null, null);
}
