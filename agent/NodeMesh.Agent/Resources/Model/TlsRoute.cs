using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

internal sealed record TlsRoute : IRoute
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public TlsRouteSpec Spec { get; init => field = value ?? TlsRouteSpec.Empty; } = TlsRouteSpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.TlsRoute;

    [JsonIgnore]
    public IReadOnlyList<ParentReference> Parents => Spec.ParentRefs;
}

internal sealed record TlsRouteSpec
{
    public static TlsRouteSpec Empty { get; } = new();

    public IReadOnlyList<ParentReference> ParentRefs { get; init => field = value ?? []; } = [];

    /// <summary>Server names of the TLS handshake. Empty: any (versions before v1).</summary>
    public IReadOnlyList<string> Hostnames { get; init => field = value ?? []; } = [];

    public IReadOnlyList<ConnectionRouteRule> Rules { get; init => field = value ?? []; } = [];
}

/// <summary>Of a TLSRoute or a TCPRoute.</summary>
internal sealed record ConnectionRouteRule
{
    public string? Name { get; init; }

    public IReadOnlyList<BackendReference> BackendRefs { get; init => field = value ?? []; } = [];
}
