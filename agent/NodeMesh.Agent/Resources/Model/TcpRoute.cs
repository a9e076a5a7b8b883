using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

internal sealed record TcpRoute : IRoute
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public TcpRouteSpec Spec { get; init => field = value ?? TcpRouteSpec.Empty; } = TcpRouteSpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.TcpRoute;

    [JsonIgnore]
    public IReadOnlyList<ParentReference> Parents => Spec.ParentRefs;
}

internal sealed record TcpRouteSpec
{
    public static TcpRouteSpec Empty { get; } = new();

    public IReadOnlyList<ParentReference> ParentRefs { get; init => field = value ?? []; } = [];

    public IReadOnlyList<ConnectionRouteRule> Rules { get; init => field = value ?? []; } = [];
}
