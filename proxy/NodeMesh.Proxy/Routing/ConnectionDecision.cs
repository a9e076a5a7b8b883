using System.Net.Sockets;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a connection goes that is routed as a whole (TLSRoute, TCPRoute), or why it goes nowhere.</summary>
/// <param name="Endpoint">null: refused.</param>
/// <param name="Route">namespace/name of the route; empty: none is for it.</param>
internal readonly record struct ConnectionDecision(EndpointEntry? Endpoint, Reason Refusal, string Route)
{
    /// <param name="serverName">As the TLS handshake names it; null: it doesn't, or there is none.</param>
    public static ConnectionDecision Make(MeshSnapshot snapshot, RouteTableEntry table, string? serverName, AddressFamily family, LoadBalancer balancer)
    {
        if (table.FindByServerName(serverName) is not { } rule)
        {
            return new ConnectionDecision(null, Reason.NoRoute, "");
        }
        if (rule.Pick(balancer.Random)?.Port is not { } backend || snapshot.FindServicePort(backend.Service, (int)backend.Port) is not { } port)
        {
            return new ConnectionDecision(null, Reason.InvalidBackend, rule.Route);
        }
        var endpoint = balancer.Pick(port, family);
        return new ConnectionDecision(endpoint, endpoint is null ? Reason.NoEndpoints : Reason.None, rule.Route);
    }
}
