using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

internal sealed record HttpRoute : IRoute
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public HttpRouteSpec Spec { get; init => field = value ?? HttpRouteSpec.Empty; } = HttpRouteSpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.HttpRoute;

    [JsonIgnore]
    public IReadOnlyList<ParentReference> Parents => Spec.ParentRefs;
}

/// <summary>Without hostnames, which mean nothing where a Service is the parent.</summary>
internal sealed record HttpRouteSpec
{
    public static HttpRouteSpec Empty { get; } = new();

    public IReadOnlyList<ParentReference> ParentRefs { get; init => field = value ?? []; } = [];

    /// <summary>Absent: one rule that matches all and has no backend.</summary>
    public IReadOnlyList<HttpRouteRule> Rules { get; init => field = value ?? DefaultRules; } = DefaultRules;

    private static IReadOnlyList<HttpRouteRule> DefaultRules => [new()];
}

internal sealed record HttpRouteRule
{
    public string? Name { get; init; }

    /// <summary>Empty: everything.</summary>
    public IReadOnlyList<HttpRouteMatch> Matches { get; init => field = value ?? []; } = [];

    public IReadOnlyList<RouteFilter> Filters { get; init => field = value ?? []; } = [];

    public IReadOnlyList<BackendReference> BackendRefs { get; init => field = value ?? []; } = [];

    public HttpRouteTimeouts? Timeouts { get; init; }

    public HttpRouteRetry? Retry { get; init; }

    public RouteSessionPersistence? SessionPersistence { get; init; }

    /// <summary>A Rollout wants to know how each of its backends does.</summary>
    [JsonIgnore]
    public bool IsMeasured { get; init; }
}

internal sealed record HttpRouteMatch
{
    public HttpPathMatch? Path { get; init; }

    public IReadOnlyList<HttpValueMatch> Headers { get; init => field = value ?? []; } = [];

    public IReadOnlyList<HttpValueMatch> QueryParams { get; init => field = value ?? []; } = [];

    public string? Method { get; init; }
}

internal sealed record HttpPathMatch
{
    /// <summary>Exact, PathPrefix or RegularExpression.</summary>
    public string Type { get; init => field = value ?? "PathPrefix"; } = "PathPrefix";

    public string Value { get; init => field = value ?? "/"; } = "/";
}

/// <summary>Of a header or a query parameter.</summary>
internal sealed record HttpValueMatch
{
    /// <summary>Exact or RegularExpression.</summary>
    public string Type { get; init => field = value ?? "Exact"; } = "Exact";

    public string Name { get; init => field = value ?? ""; } = "";

    public string Value { get; init => field = value ?? ""; } = "";
}

/// <summary>Durations as GEP-2257 has them; 0s is none.</summary>
internal sealed record HttpRouteTimeouts
{
    public string? Request { get; init; }

    public string? BackendRequest { get; init; }
}

internal sealed record HttpRouteRetry
{
    public IReadOnlyList<int> Codes { get; init => field = value ?? []; } = [];

    public int? Attempts { get; init; }

    public string? Backoff { get; init; }
}
