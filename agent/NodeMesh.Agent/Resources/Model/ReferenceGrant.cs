namespace NodeMesh.Agent.Resources.Model;

/// <summary>Lets objects of other namespaces refer to those of its own.</summary>
internal sealed record ReferenceGrant : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public ReferenceGrantSpec Spec { get; init => field = value ?? ReferenceGrantSpec.Empty; } = ReferenceGrantSpec.Empty;
}

/// <summary>Each of <see cref="From"/> may refer to each of <see cref="To"/>.</summary>
internal sealed record ReferenceGrantSpec
{
    public static ReferenceGrantSpec Empty { get; } = new();

    public IReadOnlyList<ReferenceGrantFrom> From { get; init => field = value ?? []; } = [];

    public IReadOnlyList<ReferenceGrantTo> To { get; init => field = value ?? []; } = [];
}

internal sealed record ReferenceGrantFrom
{
    public string Group { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    public string Namespace { get; init => field = value ?? ""; } = "";
}

internal sealed record ReferenceGrantTo
{
    public string Group { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>null: all of the kind.</summary>
    public string? Name { get; init; }
}
