using System.Net.Sockets;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a connection goes that is relayed as bytes and was opened to a Service, or why it goes nowhere.</summary>
/// <param name="Endpoint">null: refused.</param>
/// <param name="Route">namespace/name of the route; empty: none is for it.</param>
/// <param name="Full">Of a circuit that is open: what has no room; else null.</param>
internal readonly record struct ConnectionDecision(EndpointEntry? Endpoint, Reason Refusal, string Route, PortTraffic? Full = null)
{
    /// <param name="table">The TLSRoutes or TCPRoutes of the Service port; null: there is none.</param>
    /// <param name="serverName">As the TLS handshake names it; null: it doesn't, or there is none.</param>
    public static ConnectionDecision Make(
        MeshSnapshot snapshot, ServicePortEntry port, RouteTableEntry? table, string? serverName, AddressFamily family, in PickFacts facts, LoadBalancer balancer)
    {
        if (port.Traffic.IsOpen(isRequest: false, holdsConnection: true))
        {
            return new ConnectionDecision(null, Reason.CircuitOpen, "", port.Traffic);
        }
        return table is null ? To(balancer.Pick(port, family, facts), "") : Make(snapshot, table, serverName, family, facts, balancer);
    }

    /// <summary>By a route alone.</summary>
    public static ConnectionDecision Make(MeshSnapshot snapshot, RouteTableEntry table, string? serverName, AddressFamily family, in PickFacts facts, LoadBalancer balancer)
    {
        if (table.FindByServerName(serverName) is not { } rule)
        {
            return new ConnectionDecision(null, Reason.NoRoute, "");
        }
        if (rule.Pick(balancer.Random)?.Port is not { } backend || snapshot.FindServicePort(backend.Service, (int)backend.Port) is not { } port)
        {
            return new ConnectionDecision(null, Reason.InvalidBackend, rule.Route);
        }
        return port.Traffic.IsOpen(isRequest: false, holdsConnection: true)
            ? new ConnectionDecision(null, Reason.CircuitOpen, rule.Route, port.Traffic)
            : To(balancer.Pick(port, family, facts), rule.Route);
    }

    private static ConnectionDecision To(EndpointEntry? endpoint, string route) => new(endpoint, endpoint is null ? Reason.NoEndpoints : Reason.None, route);
}
