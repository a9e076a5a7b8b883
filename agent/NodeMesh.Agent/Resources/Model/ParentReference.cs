namespace NodeMesh.Agent.Resources.Model;

/// <summary>What a route attaches to. Only Services concern the mesh; gateways are others' business.</summary>
internal sealed record ParentReference
{
    public string Group { get; init => field = value ?? GatewayApi.Group; } = GatewayApi.Group;

    public string Kind { get; init => field = value ?? "Gateway"; } = "Gateway";

    /// <summary>null: the route's own.</summary>
    public string? Namespace { get; init; }

    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The name of a port.</summary>
    public string? SectionName { get; init; }

    public int? Port { get; init; }
}
