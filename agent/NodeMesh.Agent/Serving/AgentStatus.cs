using System.Text.Json.Serialization;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;

namespace NodeMesh.Agent.Serving;

/// <summary>What the agent shows of itself: a copy that the control loop makes, and everybody may read.</summary>
internal sealed record AgentStatus
{
    public static AgentStatus Empty { get; } = new();

    public string CaptureMode { get; init; } = "";

    public IReadOnlyList<PodStatus> Pods { get; init; } = [];

    public IReadOnlyList<ProblemStatus> Problems { get; init; } = [];

    /// <summary>What is said of each route that has a Service as parent.</summary>
    public IReadOnlyList<RouteStatus> Routes { get; init; } = [];

    /// <summary>What is said of each policy.</summary>
    public IReadOnlyList<PolicyStatus> Policies { get; init; } = [];

    /// <summary>How far each Rollout has come.</summary>
    public IReadOnlyList<RolloutView> Rollouts { get; init; } = [];

    public ulong ConfigVersion { get; init; }

    /// <summary>Null while no proxy watches.</summary>
    public ulong? ProxyConfigVersion { get; init; }

    public int? ProxyPid { get; init; }

    public int ProxyRestarts { get; init; }

    /// <summary>When the resources were last read in full.</summary>
    public DateTimeOffset ConfigReadAt { get; init; }

    /// <summary>Empty when this node serves as wanted.</summary>
    public IReadOnlyList<string> NotReady()
    {
        var reasons = Pods.Where(p => p is { Enrolled: true, Captured: false })
            .Select(p => $"pod {p.Namespace}/{p.Name} is not captured: {string.Join("; ", p.Missing)}").ToList();
        if (ProxyConfigVersion is null)
        {
            reasons.Add("no proxy is connected");
        }
        else if (ProxyConfigVersion != ConfigVersion || ConfigVersion == 0)
        {
            reasons.Add($"the proxy has configuration {ProxyConfigVersion}, not yet {ConfigVersion}");
        }
        return reasons;
    }
}

/// <summary>A resource that is not in force as written.</summary>
internal sealed record ProblemStatus(string Kind, string Object, string Reason, string Message);

/// <summary>The answer of /pods.</summary>
internal sealed record PodsAnswer(string Capture, IReadOnlyList<PodStatus> Pods);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(PodsAnswer))]
[JsonSerializable(typeof(IReadOnlyList<ProblemStatus>))]
[JsonSerializable(typeof(IReadOnlyList<RouteStatus>))]
[JsonSerializable(typeof(IReadOnlyList<PolicyStatus>))]
[JsonSerializable(typeof(IReadOnlyList<RolloutView>))]
internal sealed partial class AdminJson : JsonSerializerContext;
