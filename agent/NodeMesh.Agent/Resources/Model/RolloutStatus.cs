namespace NodeMesh.Agent.Resources.Model;

/// <summary>How far a Rollout has come. Of a standalone node it is kept on disk, in Kubernetes it is the object's own status.</summary>
internal sealed record RolloutStatus
{
    public const string Progressing = "Progressing";
    public const string Paused = "Paused";
    public const string Promoted = "Promoted";
    public const string RolledBack = "RolledBack";

    /// <summary>It had ended, and the route was changed since: the route's own weights count again.</summary>
    public const string Finished = "Finished";

    public string Phase { get; init => field = value ?? ""; } = "";

    /// <summary>Counted from 0.</summary>
    public int Step { get; init; }

    /// <summary>The new version's share, in percent.</summary>
    public int Weight { get; init; }

    public DateTimeOffset StepStarted { get; init; }

    /// <summary>What of the spec makes it this rollout and no other, in short.</summary>
    public string Revision { get; init => field = value ?? ""; } = "";

    /// <summary>The backends that the user's rule had, in short.</summary>
    public string Route { get; init => field = value ?? ""; } = "";

    /// <summary>A check of this step went well.</summary>
    public bool Passed { get; init; }

    /// <summary>Of this step.</summary>
    public int FailedChecks { get; init; }

    /// <summary>To the new version, since the last check.</summary>
    public long Requests { get; init; }

    /// <summary>Percent, at the last check.</summary>
    public double? SuccessRate { get; init; }

    /// <summary>At the last check.</summary>
    public double? LatencyP99Milliseconds { get; init; }

    public string Message { get; init => field = value ?? ""; } = "";
}
