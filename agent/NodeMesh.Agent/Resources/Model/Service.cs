namespace NodeMesh.Agent.Resources.Model;

internal sealed record Service : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public ServiceSpec Spec { get; init => field = value ?? ServiceSpec.Empty; } = ServiceSpec.Empty;
}

internal sealed record ServiceSpec
{
    public static ServiceSpec Empty { get; } = new();

    public string Type { get; init => field = value ?? "ClusterIP"; } = "ClusterIP";

    /// <summary>Empty, "None" (headless) or an address.</summary>
    public string ClusterIP { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string> ClusterIPs { get; init => field = value ?? []; } = [];

    public IReadOnlyDictionary<string, string> Selector { get; init => field = value ?? NoStrings.Map; } = NoStrings.Map;

    public bool PublishNotReadyAddresses { get; init; }

    public IReadOnlyList<ServicePort> Ports { get; init => field = value ?? []; } = [];
}

internal sealed record ServicePort
{
    public string Name { get; init => field = value ?? ""; } = "";

    public int Port { get; init; }

    /// <summary>Absent: the same as <see cref="Port"/>.</summary>
    public IntOrString? TargetPort { get; init; }

    public string Protocol { get; init => field = value ?? "TCP"; } = "TCP";

    public string? AppProtocol { get; init; }
}
