namespace NodeMesh.Proxy.Telemetry;

/// <summary>Who talks to whom, and how: the labels that every traffic metric has. A workload is named by its owner, so that pods which come and go share a series.</summary>
/// <param name="Service">namespace/name, or empty when the destination is behind no Service.</param>
/// <param name="Route">namespace/name of the route that decided, or empty when none did.</param>
/// <param name="Version">Of the destination, as its labels say; empty: they do not, or requests go to several.</param>
internal readonly record struct TrafficLabels(
    TrafficDirection Direction,
    TrafficProtocol Protocol,
    string SourceNamespace,
    string SourceWorkload,
    string DestinationNamespace,
    string DestinationWorkload,
    string Service,
    string Route = "",
    string Version = "",
    TrafficSecurity Security = TrafficSecurity.Plaintext)
{
    /// <summary>Stands for a namespace or workload that the mesh does not know.</summary>
    public const string Unknown = "unknown";

    public static readonly string[] Names =
        ["direction", "protocol", "security", "source_namespace", "source_workload", "destination_namespace", "destination_workload", "destination_version", "destination_service", "route"];

    /// <summary>In the order of <see cref="Names"/>.</summary>
    public string[] Values() =>
    [
        Direction switch { TrafficDirection.Outbound => "outbound", TrafficDirection.Inbound => "inbound", _ => "local" },
        Protocol switch
        {
            TrafficProtocol.Http1 => "http1",
            TrafficProtocol.Http2 => "http2",
            TrafficProtocol.Grpc => "grpc",
            TrafficProtocol.Tls => "tls",
            _ => "opaque",
        },
        Security switch { TrafficSecurity.AppTls => "app_tls", TrafficSecurity.MeshTls => "mesh_tls", _ => "plaintext" },
        SourceNamespace,
        SourceWorkload,
        DestinationNamespace,
        DestinationWorkload,
        Version,
        Service,
        Route,
    ];
}
