using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Says in labels who talks to whom on a <see cref="ConnectionRoute"/>.</summary>
internal static class TrafficLabelling
{
    /// <param name="endpoint">The endpoint chosen; null when there is none, or when it differs by request: then the workload that stands for all of the Service's.</param>
    /// <param name="decidedBy">The route, as namespace/name; empty: none.</param>
    public static TrafficLabels Labels(this ConnectionRoute route, TrafficDirection direction, TrafficProtocol protocol, EndpointEntry? endpoint, string decidedBy = "")
    {
        var destination = endpoint is not null ? endpoint.Workload : route.Target ?? route.Port?.CommonWorkload;
        return new TrafficLabels(
            direction,
            protocol,
            route.Source?.Namespace ?? TrafficLabels.Unknown,
            route.Source?.Owner ?? TrafficLabels.Unknown,
            destination?.Namespace ?? route.Port?.Namespace ?? TrafficLabels.Unknown,
            destination?.Owner ?? TrafficLabels.Unknown,
            route.Port?.Service ?? "",
            decidedBy,
            (endpoint is not null ? endpoint.Workload : route.Target)?.Version ?? "",
            route.Security(protocol, endpoint));
    }

    /// <param name="endpoint">null: as with <see cref="Labels"/>.</param>
    public static TrafficSecurity Security(this ConnectionRoute route, TrafficProtocol protocol, EndpointEntry? endpoint)
    {
        if (protocol == TrafficProtocol.Tls)
        {
            return TrafficSecurity.AppTls;
        }
        var traffic = endpoint is not null ? endpoint.Load.Port : route.IsClusterIp ? route.Port?.Traffic : null;
        return traffic?.Tls is null ? TrafficSecurity.Plaintext : TrafficSecurity.MeshTls;
    }
}
