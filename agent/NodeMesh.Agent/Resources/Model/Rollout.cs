using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>A new version that gets its share of a rule's requests step by step, as long as it does well.</summary>
internal sealed record Rollout : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public RolloutSpec Spec { get; init => field = value ?? RolloutSpec.Empty; } = RolloutSpec.Empty;

    /// <summary>How far it has come: the mesh's own, never the user's.</summary>
    public RolloutStatus? Status { get; init; }
}

internal sealed record RolloutSpec
{
    public static RolloutSpec Empty { get; } = new();

    /// <summary>An HTTPRoute of the same namespace; the section is a rule of it, and may be left out where there is only one.</summary>
    public TargetReference TargetRef { get; init => field = value ?? new TargetReference(); } = new();

    public RolloutBackend Stable { get; init => field = value ?? new RolloutBackend(); } = new();

    public RolloutBackend Canary { get; init => field = value ?? new RolloutBackend(); } = new();

    public IReadOnlyList<RolloutStep> Steps { get; init => field = value ?? []; } = [];

    public RolloutAnalysis Analysis { get; init => field = value ?? new RolloutAnalysis(); } = new();

    /// <summary>The weight stays as it is.</summary>
    public bool Paused { get; init; }

    /// <summary>Any text: another one begins anew.</summary>
    public string? Revision { get; init; }
}

/// <summary>A Service of the same namespace.</summary>
internal sealed record RolloutBackend
{
    public string Name { get; init => field = value ?? ""; } = "";

    public int Port { get; init; }
}

internal sealed record RolloutStep
{
    /// <summary>The new version's share, in percent.</summary>
    public int Weight { get; init; }

    /// <summary>For how long at least.</summary>
    public string Hold { get; init => field = value ?? "1m"; } = "1m";
}

internal sealed record RolloutAnalysis
{
    public string Interval { get; init => field = value ?? "10s"; } = "10s";

    /// <summary>A check waits until the new version has had so many since the last.</summary>
    public int? MinRequests { get; init => field = value ?? 50; } = 50;

    /// <summary>Percent that must not fail.</summary>
    public double? SuccessRate { get; init => field = value ?? 99; } = 99;

    /// <summary>What 99 percent must not exceed; null: any.</summary>
    public string? LatencyP99 { get; init; }

    /// <summary>How many checks in a step may fail before it is rolled back.</summary>
    public int MaxFailedChecks { get; init; }
}
