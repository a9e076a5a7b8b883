using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

internal sealed record Pod : IResource
{
    /// <summary>On the API's image of a static pod: the uid that the kubelet, and so its cgroups, know the pod by.</summary>
    public const string StaticUidAnnotation = "kubernetes.io/config.hash";

    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public PodSpec Spec { get; init => field = value ?? PodSpec.Empty; } = PodSpec.Empty;

    public PodStatus Status { get; init => field = value ?? PodStatus.Empty; } = PodStatus.Empty;
}

internal sealed record PodSpec
{
    public static PodSpec Empty { get; } = new();

    public string NodeName { get; init => field = value ?? ""; } = "";

    public string ServiceAccountName { get; init => field = value ?? ""; } = "";

    public bool HostNetwork { get; init; }

    public IReadOnlyList<Container> Containers { get; init => field = value ?? []; } = [];

    /// <summary>Sidecars are init containers with a restart policy, and have ports too.</summary>
    public IReadOnlyList<Container> InitContainers { get; init => field = value ?? []; } = [];
}

internal sealed record Container
{
    public string Name { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<ContainerPort> Ports { get; init => field = value ?? []; } = [];

    public Probe? StartupProbe { get; init; }

    public Probe? ReadinessProbe { get; init; }

    public Probe? LivenessProbe { get; init; }

    public Lifecycle? Lifecycle { get; init; }
}

/// <summary>What the kubelet asks a container; also one of its lifecycle handlers, which is asked the same way.</summary>
internal sealed record Probe
{
    public HttpGetAction? HttpGet { get; init; }

    public TcpSocketAction? TcpSocket { get; init; }

    public GrpcAction? Grpc { get; init; }
}

internal sealed record Lifecycle
{
    public Probe? PostStart { get; init; }

    public Probe? PreStop { get; init; }
}

internal sealed record HttpGetAction
{
    public string Path { get; init => field = value ?? ""; } = "";

    public IntOrString? Port { get; init; }

    /// <summary>Empty: the pod's own address.</summary>
    public string Host { get; init => field = value ?? ""; } = "";

    public string Scheme { get; init => field = value ?? ""; } = "";
}

internal sealed record TcpSocketAction
{
    public IntOrString? Port { get; init; }

    public string Host { get; init => field = value ?? ""; } = "";
}

internal sealed record GrpcAction
{
    public int Port { get; init; }
}

internal sealed record ContainerPort
{
    public string Name { get; init => field = value ?? ""; } = "";

    [JsonPropertyName("containerPort")]
    public int Port { get; init; }

    public string Protocol { get; init => field = value ?? "TCP"; } = "TCP";
}

internal sealed record PodStatus
{
    public static PodStatus Empty { get; } = new();

    public string? Phase { get; init; }

    public string? PodIP { get; init; }

    public IReadOnlyList<PodIP> PodIPs { get; init => field = value ?? []; } = [];

    public IReadOnlyList<PodCondition> Conditions { get; init => field = value ?? []; } = [];
}

internal sealed record PodIP
{
    public string Ip { get; init => field = value ?? ""; } = "";
}

internal sealed record PodCondition
{
    public string Type { get; init => field = value ?? ""; } = "";

    public string Status { get; init => field = value ?? ""; } = "";
}
