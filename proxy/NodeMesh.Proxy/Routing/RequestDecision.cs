using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a request goes, or why it goes nowhere.</summary>
/// <param name="Address">null: refused.</param>
/// <param name="Endpoint">The endpoint chosen; null when the request goes to the original destination.</param>
/// <param name="Refusal"><see cref="Reason.None"/> unless refused.</param>
/// <param name="Backend">The share of the rule that was chosen; null without a route.</param>
/// <param name="IsHttp2">The endpoint is spoken to in HTTP/2, unless the request asks for an upgrade, which is HTTP/1.1's own.</param>
/// <param name="Full">Of a circuit that is open: where the request may wait; else null.</param>
internal readonly record struct RequestDecision(
    IPEndPoint? Address, EndpointEntry? Endpoint, Reason Refusal, RouteBackend? Backend = null, bool IsHttp2 = false, PortTraffic? Full = null)
{
    /// <param name="backend">null: no route decided.</param>
    public static RequestDecision To(EndpointEntry endpoint, RouteBackend? backend, bool isHttp2) => new(endpoint.Address, endpoint, Reason.None, backend, isHttp2);

    public static RequestDecision ToOriginalDestination(IPEndPoint address, bool isHttp2) => new(address, null, Reason.None, IsHttp2: isHttp2);

    /// <param name="full">What has no room for it now.</param>
    public static RequestDecision Refuse(PortTraffic full) => new(null, null, Reason.CircuitOpen, Full: full);

    public static RequestDecision Refuse(Reason reason) => new(null, null, reason);
}
