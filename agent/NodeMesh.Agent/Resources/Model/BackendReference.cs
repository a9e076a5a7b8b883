namespace NodeMesh.Agent.Resources.Model;

/// <summary>Where a share of a rule's traffic goes.</summary>
internal sealed record BackendReference
{
    public string Group { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? "Service"; } = "Service";

    /// <summary>null: the route's own.</summary>
    public string? Namespace { get; init; }

    public string Name { get; init => field = value ?? ""; } = "";

    public int? Port { get; init; }

    public int? Weight { get; init; }

    /// <summary>Of HTTPRoute and GRPCRoute.</summary>
    public IReadOnlyList<RouteFilter> Filters { get; init => field = value ?? []; } = [];
}
