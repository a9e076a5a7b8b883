namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>What a policy is attached to: a Service, HTTPRoute or GRPCRoute of its own namespace, that Namespace, or the Mesh.</summary>
internal sealed record TargetReference
{
    public string Group { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>A port of the Service by name, or a rule of the route.</summary>
    public string? SectionName { get; init; }
}
