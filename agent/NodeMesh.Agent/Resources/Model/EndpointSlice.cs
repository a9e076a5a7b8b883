namespace NodeMesh.Agent.Resources.Model;

internal sealed record EndpointSlice : IResource
{
    /// <summary>The label that names the Service a slice belongs to.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    /// <summary>IPv4, IPv6 or FQDN.</summary>
    public string AddressType { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<Endpoint> Endpoints { get; init => field = value ?? []; } = [];

    public IReadOnlyList<EndpointPort> Ports { get; init => field = value ?? []; } = [];
}

internal sealed record Endpoint
{
    /// <summary>Only the first has a meaning (the API defines none for the others, and kube-proxy ignores them).</summary>
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    public EndpointConditions Conditions { get; init => field = value ?? EndpointConditions.None; } = EndpointConditions.None;

    public ObjectReference? TargetRef { get; init; }

    public string NodeName { get; init => field = value ?? ""; } = "";

    public string Zone { get; init => field = value ?? ""; } = "";
}

internal sealed record EndpointConditions
{
    public static EndpointConditions None { get; } = new();

    /// <summary>Unknown reads as true.</summary>
    public bool? Ready { get; init; }

    /// <summary>Unknown reads as <see cref="Ready"/>.</summary>
    public bool? Serving { get; init; }

    /// <summary>Unknown reads as false.</summary>
    public bool? Terminating { get; init; }
}

internal sealed record EndpointPort
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>Absent means "every port", which the mesh does not take up.</summary>
    public int? Port { get; init; }

    public string Protocol { get; init => field = value ?? "TCP"; } = "TCP";
}

internal sealed record ObjectReference
{
    public string Kind { get; init => field = value ?? ""; } = "";

    public string Namespace { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";
}
