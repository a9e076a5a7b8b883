using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>How many requests the target gets from one node.</summary>
internal sealed record RateLimitPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public RateLimitPolicySpec Spec { get; init => field = value ?? RateLimitPolicySpec.Empty; } = RateLimitPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => PolicyApi.RateLimitPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record RateLimitPolicySpec
{
    public static RateLimitPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary>Each applies.</summary>
    public IReadOnlyList<RateLimit> Limits { get; init => field = value ?? []; } = [];

    public GlobalLimits? Global { get; init; }
}

/// <summary>Limits that a rate limit service counts for all nodes.</summary>
internal sealed record GlobalLimits
{
    public GlobalLimitService Service { get; init => field = value ?? new GlobalLimitService(); } = new();

    public string Domain { get; init => field = value ?? ""; } = "";

    /// <summary>Open or Closed: what becomes of requests when it can't be asked.</summary>
    public string OnFailure { get; init => field = value ?? "Open"; } = "Open";

    public string Timeout { get; init => field = value ?? "100ms"; } = "100ms";

    /// <summary>Those that are for a request go into one question.</summary>
    public IReadOnlyList<LimitDescriptor> Descriptors { get; init => field = value ?? []; } = [];
}

internal sealed record GlobalLimitService
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>null: the policy's own.</summary>
    public string? Namespace { get; init; }

    public int Port { get; init; }
}

internal sealed record LimitDescriptor
{
    public IReadOnlyList<LimitEntry> Entries { get; init => field = value ?? []; } = [];

    /// <summary>Any that matches; empty: all requests.</summary>
    public IReadOnlyList<RequestMatch> Matches { get; init => field = value ?? []; } = [];
}

/// <summary>Either a value, or where it comes from.</summary>
internal sealed record LimitEntry
{
    public string Key { get; init => field = value ?? ""; } = "";

    public string? Value { get; init; }

    /// <summary>ClientWorkload, ClientAddress, Header, Path or Method.</summary>
    public string? From { get; init; }

    /// <summary>The header's.</summary>
    public string? Name { get; init; }
}

internal sealed record RateLimit
{
    public string Name { get; init => field = value ?? ""; } = "";

    public int Requests { get; init; }

    public string Per { get; init => field = value ?? "1s"; } = "1s";

    /// <summary>How many may come at once after a quiet time; absent: as many as in an interval.</summary>
    public int? Burst { get; init; }

    /// <summary>One count for each combination of values; empty: one for all.</summary>
    public IReadOnlyList<RateLimitKey> By { get; init => field = value ?? []; } = [];

    /// <summary>Requests that count: any that matches; empty: all.</summary>
    public IReadOnlyList<RequestMatch> Matches { get; init => field = value ?? []; } = [];
}

internal sealed record RateLimitKey
{
    /// <summary>ClientWorkload, ClientAddress or Header.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>The header's.</summary>
    public string? Name { get; init; }
}
