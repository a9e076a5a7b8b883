using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

internal sealed record GrpcRoute : IRoute
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public GrpcRouteSpec Spec { get; init => field = value ?? GrpcRouteSpec.Empty; } = GrpcRouteSpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.GrpcRoute;

    [JsonIgnore]
    public IReadOnlyList<ParentReference> Parents => Spec.ParentRefs;
}

internal sealed record GrpcRouteSpec
{
    public static GrpcRouteSpec Empty { get; } = new();

    public IReadOnlyList<ParentReference> ParentRefs { get; init => field = value ?? []; } = [];

    public IReadOnlyList<GrpcRouteRule> Rules { get; init => field = value ?? []; } = [];
}

internal sealed record GrpcRouteRule
{
    public string? Name { get; init; }

    /// <summary>Empty: everything.</summary>
    public IReadOnlyList<GrpcRouteMatch> Matches { get; init => field = value ?? []; } = [];

    public IReadOnlyList<RouteFilter> Filters { get; init => field = value ?? []; } = [];

    public IReadOnlyList<BackendReference> BackendRefs { get; init => field = value ?? []; } = [];

    public RouteSessionPersistence? SessionPersistence { get; init; }
}

internal sealed record GrpcRouteMatch
{
    public GrpcMethodMatch? Method { get; init; }

    public IReadOnlyList<HttpValueMatch> Headers { get; init => field = value ?? []; } = [];
}

internal sealed record GrpcMethodMatch
{
    /// <summary>Exact or RegularExpression.</summary>
    public string Type { get; init => field = value ?? "Exact"; } = "Exact";

    public string? Service { get; init; }

    public string? Method { get; init; }
}
