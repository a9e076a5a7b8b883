using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>What is told of the target's traffic, beside the metrics. A part that it leaves out a less specific policy may have.</summary>
internal sealed record TelemetryPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public TelemetryPolicySpec Spec { get; init => field = value ?? TelemetryPolicySpec.Empty; } = TelemetryPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => PolicyApi.TelemetryPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;
}

internal sealed record TelemetryPolicySpec
{
    public static TelemetryPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    public AccessLog? AccessLog { get; init; }

    public Tracing? Tracing { get; init; }
}

/// <summary>A line for each request, and for each connection that is no HTTP.</summary>
internal sealed record AccessLog
{
    /// <summary>null: JSON.</summary>
    public string? Format { get; init; }

    /// <summary>A name in the directory the proxy has for them; without it and <see cref="Collector"/>: stdout.</summary>
    public string? File { get; init; }

    /// <summary>Such as 100Mi; when the file would grow longer it becomes the older one, of which one is kept.</summary>
    public string? MaxFileSize { get; init; }

    public Collector? Collector { get; init; }

    /// <summary>Fields of the request that JSON and a collector get as well.</summary>
    public IReadOnlyList<string> RequestHeaders { get; init => field = value ?? []; } = [];

    /// <summary>The same of the response.</summary>
    public IReadOnlyList<string> ResponseHeaders { get; init => field = value ?? []; } = [];

    public AccessLogFilter? Filter { get; init; }

    /// <summary>Of those the filter lets through; absent: all.</summary>
    public double? Percentage { get; init; }
}

/// <summary>Everything that is given must hold.</summary>
internal sealed record AccessLogFilter
{
    /// <summary>Such as 404 or 5xx; any of them.</summary>
    public IReadOnlyList<IntOrString> Statuses { get; init => field = value ?? []; } = [];

    public string? MinDuration { get; init; }

    /// <summary>What failed on the server's side, or was ended by the mesh.</summary>
    public bool? ErrorsOnly { get; init; }
}

internal sealed record Tracing
{
    /// <summary>Of requests that are part of no trace yet; absent: 1.</summary>
    public double? Percentage { get; init; }

    public Collector? Collector { get; init; }
}

/// <summary>A Service that takes the OpenTelemetry protocol.</summary>
internal sealed record Collector
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>null: the policy's own.</summary>
    public string? Namespace { get; init; }

    public int Port { get; init; }

    /// <summary>GRPC or HTTP.</summary>
    public string Protocol { get; init => field = value ?? "GRPC"; } = "GRPC";
}
